//! The operator looks at the plans.

use crate::{App, Error};
use domain::access::Actor;
use domain::rating::PricePlan;

/// All plans, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor) -> Result<Vec<PricePlan>, Error> {
    crate::error::later()
}
