//! A tenant looks at its routes.

use crate::{App, Error, snapshot::load};
use domain::{
    access::{Actor, Permission},
    routing::VoiceRoute,
};

/// The routes of the actor's tenant, in order; [`ROUTES_MAX`](crate::trunks::ROUTES_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<VoiceRoute>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let rows = store::trunks::routes(app.db().read(), &scope).await?;
    rows.into_iter().map(load::route).collect()
}
