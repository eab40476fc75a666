//! Leases: the numbers that tenants have. A number has one lease that has not ended, which the database itself holds.

use crate::{
    Error,
    entity::lease::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::lease::Model as Lease;

/// Writes new leases down.
///
/// # Errors
/// [`Error::Taken`] where a number has a lease already.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, rows: Vec<Lease>) -> Result<(), Error> {
    for row in &rows {
        see(scope, row.tenant_id)?;
    }
    table::insert_all(tx, rows).await
}

/// The lease of a number that has not ended.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, e164: &str) -> Result<Option<Lease>, Error> {
    Ok(active(scope).filter(Column::E164.eq(e164)).one(on).await?)
}

/// Leases that have not ended, by number.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    skip: u64,
    limit: u64,
) -> Result<Vec<Lease>, Error> {
    Ok(active(scope).order_by_asc(Column::E164).offset(skip).limit(limit).all(on).await?)
}

/// Leases that have not ended, by number, after one of them; `skip` more are passed over.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list_after<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<&str>,
    skip: u64,
    limit: u64,
) -> Result<Vec<Lease>, Error> {
    let mut query = active(scope);
    if let Some(after) = after {
        query = query.filter(Column::E164.gt(after));
    }
    Ok(query.order_by_asc(Column::E164).offset(skip).limit(limit).all(on).await?)
}

/// All leases that have not ended, by number: what the configuration in memory is made of.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Lease>, Error> {
    Ok(active(scope).order_by_asc(Column::E164).all(on).await?)
}

/// How many have not ended.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(active(scope).count(on).await?)
}

/// Writes a changed lease down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Lease) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// Leases that are no longer paid for at `now`, the oldest first.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn due<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    now: DateTime<Utc>,
    skip: u64,
    limit: u64,
) -> Result<Vec<Lease>, Error> {
    platform(scope)?;
    let query = active(scope).filter(Column::PaidUntil.lte(now));
    Ok(query
        .order_by_asc(Column::PaidUntil)
        .order_by_asc(Column::Id)
        .offset(skip)
        .limit(limit)
        .all(on)
        .await?)
}

/// The last lease of a number that a tenant had and has no more.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn last_ended<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    e164: &str,
    tenant: Uuid,
) -> Result<Option<Lease>, Error> {
    see(scope, tenant)?;
    let query = Entity::find().filter(Column::E164.eq(e164)).filter(Column::TenantId.eq(tenant));
    let query = query.filter(Column::ReleasedAt.is_not_null()).order_by_desc(Column::ReleasedAt);
    Ok(query.one(on).await?)
}

/// Unbinds the numbers of the scope that are bound to a target of a kind.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn unbind<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    kind: &str,
    target: &str,
) -> Result<u64, Error> {
    let query = Entity::update_many()
        .col_expr(Column::BindingKind, Expr::value("none"))
        .col_expr(Column::BindingTarget, Expr::value(None::<String>))
        .filter(Column::BindingKind.eq(kind))
        .filter(Column::BindingTarget.eq(target))
        .filter(Column::ReleasedAt.is_null());
    Ok(own(query, Column::TenantId, scope).exec(tx).await?.rows_affected)
}

fn active(scope: &Scope) -> Select<Entity> {
    own(Entity::find(), Column::TenantId, scope).filter(Column::ReleasedAt.is_null())
}
