//! A tenant buys all numbers of a reservation.

use super::{ReservationStatus, items, no_reservation, over};
use crate::{
    App, Error,
    numbers::{
        Operation,
        orders::{Asked, Buyer, Kind, lapsed},
        rows,
    },
    snapshot::{Changed, refresh},
    suppliers,
};
use domain::access::{Actor, Permission};
use std::collections::BTreeMap;
use store::{Tx, reservations, stock};
use uuid::Uuid;

/// Buys all numbers of a reservation, or none. Asked again, it answers the same operation.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PaymentRequired`] with what is missing; [`Error::Conflict`] where it is not active, or
/// empty.
pub async fn purchase(app: &App, actor: &Actor, id: Uuid) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let holder = reservations::named(app.db().read(), &scope, id).await?.ok_or_else(|| no_reservation(id))?;
    let buyer = Buyer { app, scope: &scope, tenant, name: &actor.name };
    if let Some(known) = buyer.ensure(Kind::Reservation, holder.id).await? {
        return Ok(known);
    }
    let bought = app.db().write::<_, Error, _>(async |tx| buy(&buyer, tx, id).await).await;
    if bought.is_err() {
        suppliers::undo(app, holder.id).await?;
    }
    let bought = bought?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(bought)
}

async fn buy(buyer: &Buyer<'_>, tx: &Tx, id: Uuid) -> Result<Operation, Error> {
    let row = reservations::lock(tx, buyer.scope, id).await?.ok_or_else(|| no_reservation(id))?;
    if let Some(known) = buyer.placed(tx, Kind::Reservation, row.id).await? {
        return Ok(known);
    }
    let status = items::status(buyer.app, &row)?;
    if status != ReservationStatus::Active {
        return Err(over(status));
    }
    let wanted = items::read(&row)?;
    if wanted.is_empty() {
        let text = "this reservation is empty: put numbers into it, then buy it";
        return Err(Error::conflict("reservationId", text));
    }
    let held = stock::held_by(tx, buyer.scope, row.id).await?;
    let mut held: BTreeMap<String, _> = held.into_iter().map(|row| (row.e164.clone(), row)).collect();
    let mut numbers = Vec::with_capacity(wanted.len());
    for item in &wanted {
        let stock = held.remove(&item.number.to_string()).ok_or_else(|| lapsed(Kind::Reservation))?;
        numbers.push((stock, Asked { capabilities: item.capabilities, assignment: item.assignment }));
    }
    buyer.place(tx, (Kind::Reservation, row.id), &numbers).await
}
