//! A tenant looks at one of its trunks.

use super::TrunkView;
use crate::{App, Error};
use domain::access::Actor;

/// A trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(_app: &App, _actor: &Actor, _fqdn: &str) -> Result<TrunkView, Error> {
    crate::error::later()
}
