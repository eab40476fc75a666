//! What is for sale.

use super::{Country, Filter, Locality, Offering};
use crate::window::{List, Window};
use crate::{App, Error};
use domain::access::Actor;

/// The countries in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn countries(_app: &App, _actor: &Actor, _window: Window) -> Result<List<Country>, Error> {
    crate::error::later()
}

/// The places of a country in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn localities(
    _app: &App,
    _actor: &Actor,
    _country: &str,
    _filter: Filter,
    _window: Window,
) -> Result<List<Locality>, Error> {
    crate::error::later()
}

/// The area codes of a country in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn area_codes(
    _app: &App,
    _actor: &Actor,
    _country: &str,
    _filter: Filter,
    _window: Window,
) -> Result<List<String>, Error> {
    crate::error::later()
}

/// What is for sale in a country: kinds, uses, capabilities, prices.
///
/// # Errors
/// [`Error::Denied`].
pub async fn offerings(
    _app: &App,
    _actor: &Actor,
    _country: &str,
    _filter: Filter,
    _window: Window,
) -> Result<List<Offering>, Error> {
    crate::error::later()
}
