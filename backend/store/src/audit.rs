//! Audit: who changed what. Rows are added and read, never changed.

use crate::{
    Error,
    entity::audit::{Column, Entity},
    table::{self, own, platform, see},
};
use domain::access::Scope;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};

pub use crate::entity::audit::Model as Audit;

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

/// Changes, newest first.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    skip: u64,
    limit: u64,
) -> Result<Vec<Audit>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope);
    Ok(query.order_by_desc(Column::At).order_by_desc(Column::Id).offset(skip).limit(limit).all(on).await?)
}
