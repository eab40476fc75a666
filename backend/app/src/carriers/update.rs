//! The operator changes a carrier.

use super::{CarrierPatch, CarrierView};
use crate::{App, Error};
use domain::access::Actor;
use domain::ids::CarrierId;

/// Changes a carrier. Operators only; the simulated one takes only being switched on and off.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`].
pub async fn update(
    _app: &App,
    _actor: &Actor,
    _id: CarrierId,
    _patch: CarrierPatch,
) -> Result<CarrierView, Error> {
    crate::error::later()
}
