//! A tenant buys what a search holds.

use super::{
    Operation, SearchRequest, Tariff,
    orders::{Asked, Buyer, Kind, lapsed},
    rows,
};
use crate::{
    App, Error,
    snapshot::{Changed, load, refresh},
    suppliers,
};
use domain::access::{Actor, Permission};
use store::{
    Tx,
    searches::{self, Search},
    stock::{self, Stock},
};
use uuid::Uuid;

/// Buys all numbers of a search: leases, order and the debit of the first month move together. Asked again, it
/// answers the same operation.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PaymentRequired`] with what is missing, [`Error::Conflict`] where the hold has lapsed.
pub async fn purchase(app: &App, actor: &Actor, search: Uuid) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let buyer = Buyer { app, scope: &scope, tenant, name: &actor.name };
    if let Some(known) = buyer.ensure(Kind::Search, search).await? {
        return Ok(known);
    }
    let bought = app.db().write::<_, Error, _>(async |tx| buy(&buyer, tx, search).await).await;
    if bought.is_err() {
        suppliers::undo(app, search).await?;
    }
    let bought = bought?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(bought)
}

async fn buy(buyer: &Buyer<'_>, tx: &Tx, id: Uuid) -> Result<Operation, Error> {
    let search = searches::lock(tx, buyer.scope, id).await?.ok_or_else(|| rows::no_search(id))?;
    if let Some(known) = buyer.placed(tx, Kind::Search, id).await? {
        return Ok(known);
    }
    let numbers = held(buyer, tx, &search).await?;
    cheap_enough(buyer, &search, &numbers)?;
    let request: SearchRequest = load::read("number_searches.request", search.request)?;
    let asked = Asked { capabilities: request.capabilities, assignment: request.assignment_type };
    let numbers: Vec<_> = numbers.into_iter().map(|row| (row, asked)).collect();
    buyer.place(tx, (Kind::Search, id), &numbers).await
}

/// Refuses numbers that have become dearer since they were found: nobody pays more than was shown.
fn cheap_enough(buyer: &Buyer<'_>, search: &Search, numbers: &[Stock]) -> Result<(), Error> {
    let tariff = Tariff::of(buyer.app, Some(buyer.tenant));
    let now: i64 = numbers.iter().map(|row| tariff.priced(row.clone()).monthly_micros).sum();
    if now <= search.monthly_micros {
        return Ok(());
    }
    Err(Error::conflict("searchId", "the price of these numbers has changed since: search again"))
}

/// What the search holds: all that it found, or nothing that could be bought.
async fn held(buyer: &Buyer<'_>, tx: &Tx, search: &Search) -> Result<Vec<Stock>, Error> {
    let wanted: Vec<String> = load::read("number_searches.numbers", search.numbers.clone())?;
    let held = stock::held_by(tx, buyer.scope, search.id).await?;
    let is_live = search.state == searches::HELD && search.expires_at > buyer.app.now();
    if is_live && !held.is_empty() && held.len() == wanted.len() {
        Ok(held)
    } else {
        Err(lapsed(Kind::Search))
    }
}
