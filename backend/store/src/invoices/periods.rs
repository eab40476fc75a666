//! Closed periods, and who has one to close.

use super::Period;
use crate::{
    Error,
    entity::{account, billing_period},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// A tenant's account, and the end of what is closed of it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub tenant: TenantId,
    /// ISO 4217.
    pub currency: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// The end of the last closed period; `None` where none is.
    pub closed_until: Option<DateTime<Utc>>,
}

/// Writes a closed period down.
///
/// # Errors
/// [`Error::Taken`] where somebody else closed it.
pub async fn insert_period<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Period) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// The last closed period of a tenant.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn last_period<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<Period>, Error> {
    see(scope, tenant.0)?;
    let query = billing_period::Entity::find().filter(billing_period::Column::TenantId.eq(tenant.0));
    Ok(query.order_by_desc(billing_period::Column::EndsAt).one(on).await?)
}

/// The closed periods of the scope, newest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn periods<C: ConnectionTrait>(on: &C, scope: &Scope, limit: u64) -> Result<Vec<Period>, Error> {
    let query = own(billing_period::Entity::find(), billing_period::Column::TenantId, scope);
    Ok(query.order_by_desc(billing_period::Column::EndsAt).limit(limit).all(on).await?)
}

/// Accounts of tenants, by id, after one of them, with what is closed of each.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn accounts<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<TenantId>,
    limit: u64,
) -> Result<Vec<Account>, Error> {
    platform(scope)?;
    let mut query = account::Entity::find().filter(account::Column::TenantId.is_not_null());
    if let Some(after) = after {
        query = query.filter(account::Column::Id.gt(after.0));
    }
    let rows = query.order_by_asc(account::Column::Id).limit(limit).all(on).await?;
    let ids = rows.iter().map(|row| row.id);
    let ends = billing_period::Entity::find()
        .filter(billing_period::Column::TenantId.is_in(ids))
        .select_only()
        .column(billing_period::Column::TenantId)
        .column_as(billing_period::Column::EndsAt.max(), "ends_at")
        .group_by(billing_period::Column::TenantId);
    let ends: HashMap<Uuid, DateTime<Utc>> = ends.into_tuple().all(on).await?.into_iter().collect();
    let account = |row: account::Model| Account {
        tenant: TenantId(row.id),
        closed_until: ends.get(&row.id).copied(),
        currency: row.currency,
        opened_at: row.opened_at,
    };
    Ok(rows.into_iter().map(account).collect())
}

/// When a tenant's account was opened.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn opened_at<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
) -> Result<Option<DateTime<Utc>>, Error> {
    see(scope, tenant.0)?;
    Ok(account::Entity::find_by_id(tenant.0).one(on).await?.map(|row| row.opened_at))
}
