//! A tenant looks at its reservations.

use super::{Reservation, items, no_reservation};
use crate::{App, Error, List, Window};
use domain::access::{Actor, Permission};
use store::reservations;
use uuid::Uuid;

/// A reservation of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Reservation, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let row = reservations::named(app.db().read(), &scope, id).await?;
    items::view(app, &row.ok_or_else(|| no_reservation(id))?)
}

/// The reservations of the actor's tenant, the newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<Reservation>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let rows = reservations::list(app.db().read(), &scope, window.passed(), window.fetch()).await?;
    Ok(window.cut(rows.iter().map(|row| items::view(app, row)).collect::<Result<_, _>>()?))
}
