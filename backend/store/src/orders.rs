//! Orders: purchases in steps. An order that is open is carried on, or undone, by whoever takes it up.

use crate::{
    Error,
    entity::order::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};
use uuid::Uuid;

pub use crate::entity::order::Model as Order;

/// Its steps are being taken.
pub const RUNNING: &str = "running";
/// All its steps are taken.
pub const DONE: &str = "done";
/// The steps that were taken are being undone.
pub const UNDOING: &str = "undoing";
/// Nothing of it is left.
pub const UNDONE: &str = "undone";

/// Writes a new order down.
///
/// # Errors
/// [`Error::Taken`] where its search or reservation was ordered already.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: Order) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(on, row).await
}

/// Writes a changed order down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(on: &C, scope: &Scope, row: Order) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(on, row).await
}

/// An order, locked until the transaction ends: two that carry it out follow one another.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<Option<Order>, Error> {
    let query = Entity::find_by_id(id).lock_exclusive();
    Ok(own(query, Column::TenantId, scope).one(tx).await?)
}

/// The order that buys a search or reservation.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn of_holder<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    holder: Uuid,
) -> Result<Option<Order>, Error> {
    let query = Entity::find().filter(Column::SearchId.eq(holder));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// Open orders that nobody has in hand at `now`, the oldest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Order>, Error> {
    platform(scope)?;
    let query = Entity::find().filter(open()).filter(Column::NextAt.lte(now));
    Ok(query.order_by_asc(Column::NextAt).limit(limit).all(on).await?)
}

/// How many orders are open.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_open<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    let query = Entity::find().filter(open());
    Ok(own(query, Column::TenantId, scope).count(on).await?)
}

/// That an order is open, in the words of the index of those that are.
fn open() -> SimpleExpr {
    Expr::cust("state IN ('running', 'undoing')")
}
