//! Access keys. Their secrets are sealed: what is kept here opens nowhere else.

use crate::{
    Error,
    entity::access_key::{Column, Entity},
    table::{self, own, see},
};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

pub use crate::entity::access_key::Model as AccessKey;

/// Writes a new key down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has a key in that slot.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: AccessKey) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(on, row).await
}

/// The keys that the scope sees, by tenant and slot.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<AccessKey>, Error> {
    let query = own(Entity::find(), Column::TenantId, scope);
    Ok(query.order_by_asc(Column::TenantId).order_by_asc(Column::Slot).all(on).await?)
}

/// The key in a slot of a tenant.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    slot: &str,
) -> Result<Option<AccessKey>, Error> {
    let query = Entity::find().filter(Column::TenantId.eq(tenant.0)).filter(Column::Slot.eq(slot));
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// Writes another secret into a key's row.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: AccessKey) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}
