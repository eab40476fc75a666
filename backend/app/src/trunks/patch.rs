//! A tenant changes a trunk.

use super::{TrunkPatch, TrunkView};
use crate::{App, Error};
use domain::access::Actor;

/// Changes a trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn patch(_app: &App, _actor: &Actor, _fqdn: &str, _patch: TrunkPatch) -> Result<TrunkView, Error> {
    crate::error::later()
}
