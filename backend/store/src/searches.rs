//! Searches and operations: what happens between wanting a number and ordering it.

use crate::{
    Error,
    entity::{number_search, operation},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::{number_search::Model as Search, operation::Model as Operation};

/// It holds its numbers.
pub const HELD: &str = "held";
/// It found too few.
pub const EMPTY: &str = "empty";
/// Its numbers were bought.
pub const BOUGHT: &str = "bought";
/// It let go of its numbers.
pub const LAPSED: &str = "lapsed";

/// Writes a new search down.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: Search) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(on, row).await
}

/// A search.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Search>, Error> {
    Ok(own(number_search::Entity::find_by_id(id), number_search::Column::TenantId, scope).one(on).await?)
}

/// A search, locked until the transaction ends, so that two purchases of it follow one another.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<Option<Search>, Error> {
    let query = number_search::Entity::find_by_id(id).lock_exclusive();
    Ok(own(query, number_search::Column::TenantId, scope).one(tx).await?)
}

/// Moves a search on from one state to another; whether it was in the first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn advance<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    from: &str,
    to: &str,
) -> Result<bool, Error> {
    let query = number_search::Entity::update_many()
        .col_expr(number_search::Column::State, Expr::value(to))
        .filter(number_search::Column::Id.eq(id))
        .filter(number_search::Column::State.eq(from));
    Ok(own(query, number_search::Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Marks as lapsed the searches that hold nothing any more at `now`.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn expire<C: ConnectionTrait>(tx: &C, scope: &Scope, now: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = number_search::Entity::update_many()
        .col_expr(number_search::Column::State, Expr::value(LAPSED))
        .filter(number_search::Column::State.eq(HELD))
        .filter(number_search::Column::ExpiresAt.lte(now));
    Ok(query.exec(tx).await?.rows_affected)
}

/// How many searches of the scope hold numbers.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_held<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    let query = number_search::Entity::find().filter(number_search::Column::State.eq(HELD));
    Ok(own(query, number_search::Column::TenantId, scope).count(on).await?)
}

/// Writes a new operation down, or an old one with what has changed.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn put_operation<C: ConnectionTrait>(on: &C, scope: &Scope, row: Operation) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    let known = operation::Entity::find_by_id(row.id.clone()).count(on).await? > 0;
    if known { table::update(on, row).await } else { table::insert(on, row).await }
}

/// An operation.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn operation<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    id: &str,
) -> Result<Option<Operation>, Error> {
    let query = operation::Entity::find_by_id(id.to_owned());
    Ok(own(query, operation::Column::TenantId, scope).one(on).await?)
}
