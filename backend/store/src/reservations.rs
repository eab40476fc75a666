//! Reservations: numbers that a tenant chose one by one. The stock says what a reservation holds; its row says what was
//! asked of each number.

use crate::{
    Error,
    entity::reservation::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::reservation::Model as Reservation;

/// It holds its numbers, and may be changed.
pub const ACTIVE: &str = "active";
/// It is being bought.
pub const SUBMITTED: &str = "submitted";
/// Its purchase is over, one way or the other.
pub const COMPLETED: &str = "completed";
/// It let go of its numbers.
pub const EXPIRED: &str = "expired";

/// Writes a new reservation down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has one of that name.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: Reservation) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(on, row).await
}

/// Writes a changed reservation down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(on: &C, scope: &Scope, row: Reservation) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(on, row).await
}

/// The reservation of the scope's tenant that has this name.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn named<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    name: Uuid,
) -> Result<Option<Reservation>, Error> {
    let query = Entity::find().filter(Column::PublicId.eq(name));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// The same, locked until the transaction ends, so that two changes of it follow one another.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    name: Uuid,
) -> Result<Option<Reservation>, Error> {
    let query = Entity::find().filter(Column::PublicId.eq(name)).lock_exclusive();
    Ok(own(query, Column::TenantId, scope).one(tx).await?)
}

/// The reservation that holds numbers under this identifier, locked until the transaction ends.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn lock_holder<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<Reservation>, Error> {
    Ok(own(Entity::find_by_id(id).lock_exclusive(), Column::TenantId, scope).one(tx).await?)
}

/// Reservations, the newest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    skip: u64,
    limit: u64,
) -> Result<Vec<Reservation>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope);
    let query = query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
    Ok(query.offset(skip).limit(limit).all(on).await?)
}

/// How many hold numbers.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count_active<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    let query = Entity::find().filter(Column::State.eq(ACTIVE));
    Ok(own(query, Column::TenantId, scope).count(on).await?)
}

/// Deletes a reservation.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<(), Error> {
    own(Entity::delete_many().filter(Column::Id.eq(id)), Column::TenantId, scope).exec(tx).await?;
    Ok(())
}

/// Marks as expired the reservations that hold nothing any more at `now`.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn expire<C: ConnectionTrait>(tx: &C, scope: &Scope, now: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::update_many()
        .col_expr(Column::State, Expr::value(EXPIRED))
        .filter(Column::State.eq(ACTIVE))
        .filter(Column::ExpiresAt.lte(now));
    Ok(query.exec(tx).await?.rows_affected)
}

/// Deletes the reservations that ended before a time, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn sweep<C: ConnectionTrait>(tx: &C, scope: &Scope, before: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::delete_many()
        .filter(Column::State.is_in([COMPLETED, EXPIRED]))
        .filter(Column::ExpiresAt.lt(before));
    Ok(query.exec(tx).await?.rows_affected)
}
