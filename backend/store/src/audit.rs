//! Audit: who changed what. Rows are added and read, never changed.

use crate::{
    Error,
    entity::audit::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub use crate::entity::audit::Model as Audit;

/// Which changes are wanted; what is left out narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In this tenant.
    pub tenant: Option<TenantId>,
    /// By whom, whole.
    pub actor: Option<String>,
    /// What was done: a word whole (`trunk.update`) or its noun (`trunk`).
    pub what: Option<String>,
    /// To what, whole.
    pub target: Option<String>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Writes a change down.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Audit) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::insert(tx, row).await
}

/// Changes, newest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    wanted: &Wanted,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Audit>, Error> {
    let mut query = own(Entity::find(), Column::TenantId, scope);
    if let Some(tenant) = wanted.tenant {
        query = query.filter(Column::TenantId.eq(tenant.0));
    }
    for (column, text) in [(Column::Actor, &wanted.actor), (Column::Target, &wanted.target)] {
        if let Some(text) = text {
            query = query.filter(column.eq(text));
        }
    }
    match &wanted.what {
        Some(word) if word.contains('.') => query = query.filter(Column::What.eq(word)),
        Some(noun) => query = query.filter(Column::What.starts_with(format!("{noun}."))),
        None => {}
    }
    if let Some(since) = wanted.since {
        query = query.filter(Column::At.gte(since));
    }
    if let Some(until) = wanted.until {
        query = query.filter(Column::At.lt(until));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// A change.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Audit>, Error> {
    Ok(own(Entity::find_by_id(id), Column::TenantId, scope).one(on).await?)
}

/// The last change of something that is known by some names, of a tenant or of the platform.
///
/// # Errors
/// [`Error`] where the database fails, or the scope does not see the tenant.
pub async fn last<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: Option<TenantId>,
    targets: &[String],
) -> Result<Option<Audit>, Error> {
    let query = match tenant {
        Some(tenant) => {
            see(scope, tenant.0)?;
            Entity::find().filter(Column::TenantId.eq(tenant.0))
        }
        None => {
            platform(scope)?;
            Entity::find().filter(Column::TenantId.is_null())
        }
    };
    let query = query.filter(Column::Target.is_in(targets.iter().map(String::as_str)));
    Ok(query.order_by_desc(Column::Id).one(on).await?)
}
