//! The operator looks at the carriers.

use super::CarrierView;
use crate::{App, Error};
use domain::access::Actor;

/// All carriers, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor) -> Result<Vec<CarrierView>, Error> {
    crate::error::later()
}
