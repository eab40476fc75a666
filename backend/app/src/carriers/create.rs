//! The operator adds a carrier.

use super::{CarrierView, NewCarrier};
use crate::{App, Error};
use domain::access::Actor;

/// Adds a carrier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for a bad field, [`Error::Conflict`] where there is one of that name.
pub async fn create(_app: &App, _actor: &Actor, _new: NewCarrier) -> Result<CarrierView, Error> {
    crate::error::later()
}
