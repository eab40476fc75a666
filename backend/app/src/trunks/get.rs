//! A tenant looks at one of its trunks.

use super::{TrunkView, list};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    ids::TrunkId,
};

/// A trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, fqdn: &str) -> Result<TrunkView, Error> {
    let all = list(app, actor).await?;
    all.into_iter().find(|view| view.trunk.fqdn.eq_ignore_ascii_case(fqdn)).ok_or_else(no_trunk)
}

/// The identifier of a trunk of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn id_of(app: &App, actor: &Actor, fqdn: &str) -> Result<TrunkId, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let rows = store::trunks::all(app.db().read(), &scope).await?;
    let row = rows.into_iter().find(|row| row.fqdn.eq_ignore_ascii_case(fqdn));
    row.map(|row| TrunkId(row.id)).ok_or_else(no_trunk)
}

pub(super) fn no_trunk() -> Error {
    Error::not_found(
        "fqdn",
        "there is no such trunk: GET /api/v1/trunks lists yours, and PATCH /sip makes one",
    )
}
