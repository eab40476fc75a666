//! Suppliers from outside, and the journal of what was asked of them.

use crate::{
    Error,
    entity::{supplier, supplier_order},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

pub use crate::entity::{supplier::Model as Supplier, supplier_order::Model as Order};

/// About to be held: it may be, or not.
pub const HOLDING: &str = "holding";
/// Held.
pub const HELD: &str = "held";
/// About to be bought: it may be, or not.
pub const BUYING: &str = "buying";
/// Bought.
pub const BOUGHT: &str = "bought";
/// About to be given back.
pub const RELEASING: &str = "releasing";
/// Given back.
pub const RELEASED: &str = "released";

/// All suppliers, by name.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn list<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Supplier>, Error> {
    platform(scope)?;
    Ok(supplier::Entity::find().order_by_asc(supplier::Column::Name).all(on).await?)
}

/// A supplier.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Supplier>, Error> {
    platform(scope)?;
    Ok(supplier::Entity::find_by_id(id).one(on).await?)
}

/// Writes a new supplier down.
///
/// # Errors
/// [`Error::Taken`] where another one has its name.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Supplier) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes a changed supplier down.
///
/// # Errors
/// [`Error::Missing`], [`Error::Taken`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Supplier) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// Writes a new step down.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn begin<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Order) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Writes how far a step is.
///
/// # Errors
/// [`Error::Missing`].
pub async fn follow<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Order) -> Result<(), Error> {
    platform(scope)?;
    table::update(tx, row).await
}

/// Moves what a reference has at a supplier from some states to another one, and says how many rows that is.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn advance<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    (supplier, reference): (Uuid, Uuid),
    from: &[&str],
    to: &str,
    error: Option<String>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    let query = supplier_order::Entity::update_many()
        .col_expr(supplier_order::Column::LastError, Expr::value(error))
        .col_expr(supplier_order::Column::State, Expr::value(to))
        .col_expr(supplier_order::Column::Attempts, Expr::value(0))
        .col_expr(supplier_order::Column::NextAt, Expr::value(now))
        .col_expr(supplier_order::Column::UpdatedAt, Expr::value(now))
        .filter(supplier_order::Column::SupplierId.eq(supplier))
        .filter(supplier_order::Column::Reference.eq(reference))
        .filter(supplier_order::Column::State.is_in(from.iter().copied()));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Moves one step on from a state; whether it was in it.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn advance_one<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    (from, to): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    platform(scope)?;
    let query = supplier_order::Entity::update_many()
        .col_expr(supplier_order::Column::State, Expr::value(to))
        .col_expr(supplier_order::Column::NextAt, Expr::value(now))
        .col_expr(supplier_order::Column::UpdatedAt, Expr::value(now))
        .filter(supplier_order::Column::Id.eq(id))
        .filter(supplier_order::Column::State.eq(from));
    Ok(query.exec(tx).await?.rows_affected > 0)
}

/// What a reference has at suppliers.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn of_reference<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    reference: Uuid,
) -> Result<Vec<Order>, Error> {
    platform(scope)?;
    let query = supplier_order::Entity::find().filter(supplier_order::Column::Reference.eq(reference));
    Ok(query.order_by_asc(supplier_order::Column::Id).all(on).await?)
}

/// Steps to look at: those to give back that are due, and those begun before a time of which nobody knows how they ended.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    begun_before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Order>, Error> {
    platform(scope)?;
    let to_release = supplier_order::Column::State.eq(RELEASING).and(supplier_order::Column::NextAt.lte(now));
    let lost = supplier_order::Column::State
        .is_in([HOLDING, BUYING])
        .and(supplier_order::Column::UpdatedAt.lte(begun_before));
    let query = supplier_order::Entity::find().filter(to_release.or(lost));
    Ok(query.order_by_asc(supplier_order::Column::NextAt).limit(limit).all(on).await?)
}

/// The youngest steps, for the operator.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn recent<C: ConnectionTrait>(on: &C, scope: &Scope, limit: u64) -> Result<Vec<Order>, Error> {
    platform(scope)?;
    let query = supplier_order::Entity::find().order_by_desc(supplier_order::Column::Id);
    Ok(query.limit(limit).all(on).await?)
}
