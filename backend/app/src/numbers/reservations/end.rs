//! A reservation comes to its end: it is deleted, handed in, or its purchase is over.

use super::{ReservationStatus, items, no_reservation, over};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission, Scope};
use serde_json::{Value, json};
use store::{
    Tx,
    reservations::{self, ACTIVE, COMPLETED, SUBMITTED},
    stock,
};
use uuid::Uuid;

/// Deletes a reservation that is active: its numbers are for sale again.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where it is not active.
pub async fn delete(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = reservations::lock(tx, &scope, id).await?.ok_or_else(|| no_reservation(id))?;
            let status = items::status(app, &row)?;
            if status != ReservationStatus::Active {
                return Err(over(status));
            }
            stock::let_go(tx, &scope, row.id).await?;
            reservations::delete(tx, &scope, row.id).await?;
            let numbers: Vec<_> = items::read(&row)?.iter().map(|item| item.number).collect();
            let change = Change {
                actor: &actor.name,
                tenant: scope.tenant(),
                what: "reservation.delete",
                target: &id.to_string(),
                before: json!(numbers),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}

/// Hands a reservation in for purchase; whether it was active.
pub(in crate::numbers) async fn submit(tx: &Tx, scope: &Scope, holder: Uuid) -> Result<bool, Error> {
    let Some(mut row) = reservations::lock_holder(tx, scope, holder).await? else { return Ok(false) };
    if row.state != ACTIVE {
        return Ok(false);
    }
    row.state = SUBMITTED.to_owned();
    reservations::update(tx, scope, row).await?;
    Ok(true)
}

/// The purchase of a reservation is over: its numbers are the tenant's.
pub(in crate::numbers) async fn complete(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    holder: Uuid,
) -> Result<(), Error> {
    // It stays until long after its purchase.
    let Some(mut row) = reservations::lock_holder(tx, scope, holder).await? else { return Ok(()) };
    row.state = COMPLETED.to_owned();
    row.updated_at = app.now();
    Ok(reservations::update(tx, scope, row).await?)
}
