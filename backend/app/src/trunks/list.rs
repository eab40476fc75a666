//! A tenant looks at its trunks.

use super::TrunkView;
use crate::{App, Error};
use domain::access::Actor;

/// The trunks of the actor's tenant, by name; [`TRUNKS_MAX`](super::TRUNKS_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor) -> Result<Vec<TrunkView>, Error> {
    crate::error::later()
}
