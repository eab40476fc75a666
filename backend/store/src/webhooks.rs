//! Subscriptions to events, and the marks below which balances are low.

use crate::{
    Error,
    entity::{
        balance_mark,
        webhook::{Column, Entity},
    },
    table::{self, own, platform, see},
};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

pub use crate::entity::webhook::Model as Webhook;

/// The endpoint has proved that it wants events.
pub const VALID: &str = "valid";
/// It was asked, and its owner may still say so by hand.
pub const AWAITING: &str = "awaiting";
/// It did not, in time.
pub const UNPROVEN: &str = "failed";

/// Writes a new subscription down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has one of this name.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Webhook) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Writes all of a subscription.
///
/// # Errors
/// [`Error::Missing`], or [`Error::Taken`] where the tenant has another one of this name.
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Webhook) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// Deletes a subscription; whether it was there. Its deliveries are swept.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid) -> Result<bool, Error> {
    let delete = Entity::delete_many().filter(Column::Id.eq(id));
    Ok(own(delete, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// A subscription.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Webhook>, Error> {
    Ok(own(Entity::find_by_id(id), Column::TenantId, scope).one(on).await?)
}

/// The subscriptions of the scope, oldest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Webhook>, Error> {
    let mut query = own(Entity::find(), Column::TenantId, scope);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query.order_by_asc(Column::Id).limit(limit).all(on).await?)
}

/// The subscriptions of all tenants to which events go.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn active<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Webhook>, Error> {
    platform(scope)?;
    let query = Entity::find().filter(Column::Enabled.eq(true)).filter(Column::Validation.eq(VALID));
    Ok(query.all(on).await?)
}

/// How many the scope has.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(own(Entity::find(), Column::TenantId, scope).count(on).await?)
}

/// Counts events that a subscription had no room for.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn dropped<C: ConnectionTrait>(tx: &C, scope: &Scope, id: Uuid, events: i64) -> Result<(), Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::Dropped, Expr::col(Column::Dropped).add(events))
        .filter(Column::Id.eq(id));
    update.exec(tx).await?;
    Ok(())
}

/// The marks of the tenants of the scope, micro-units.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn marks<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<(TenantId, i64)>, Error> {
    let query = own(balance_mark::Entity::find(), balance_mark::Column::TenantId, scope);
    Ok(query.all(on).await?.into_iter().map(|row| (TenantId(row.tenant_id), row.low_micros)).collect())
}

/// Sets or forgets a tenant's mark.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn set_mark<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    tenant: TenantId,
    mark: Option<i64>,
) -> Result<(), Error> {
    see(scope, tenant.0)?;
    let Some(low_micros) = mark else {
        balance_mark::Entity::delete_by_id(tenant.0).exec(tx).await?;
        return Ok(());
    };
    let row = balance_mark::ActiveModel { tenant_id: Set(tenant.0), low_micros: Set(low_micros) };
    let mut known = OnConflict::column(balance_mark::Column::TenantId);
    known.update_column(balance_mark::Column::LowMicros);
    balance_mark::Entity::insert(row).on_conflict(known).exec_without_returning(tx).await?;
    Ok(())
}
