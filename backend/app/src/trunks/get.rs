//! A tenant looks at one of its trunks.

use super::{TrunkView, list};
use crate::{App, Error};
use domain::access::Actor;

/// A trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, fqdn: &str) -> Result<TrunkView, Error> {
    let all = list(app, actor).await?;
    all.into_iter().find(|trunk| trunk.fqdn.eq_ignore_ascii_case(fqdn)).ok_or_else(no_trunk)
}

pub(super) fn no_trunk() -> Error {
    Error::not_found(
        "fqdn",
        "there is no such trunk: GET /api/v1/trunks lists yours, and PATCH /sip makes one",
    )
}
