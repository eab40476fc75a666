//! Our registrations with the registrars of trunks and carriers.

use crate::{
    Error,
    entity::trunk_registration::{Column, Entity},
    table::{self, own, platform, see},
};
use domain::access::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

pub use crate::entity::trunk_registration::Model as Registration;

/// Writes a registration down, in the place of the one that the trunk or carrier had.
///
/// # Errors
/// [`Error`] where the database fails, or the trunk is not in the scope.
pub async fn put<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Registration) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    let known = own(Entity::find_by_id(row.peer_id), Column::TenantId, scope).count(tx).await? > 0;
    if known { table::update(tx, row).await } else { table::insert(tx, row).await }
}

/// The registration of a trunk or carrier.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    peer: Uuid,
) -> Result<Option<Registration>, Error> {
    Ok(own(Entity::find_by_id(peer), Column::TenantId, scope).one(on).await?)
}

/// The registrations that the scope sees.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Registration>, Error> {
    Ok(own(Entity::find(), Column::TenantId, scope).all(on).await?)
}

/// Deletes a registration; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, peer: Uuid) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::PeerId.eq(peer));
    Ok(own(query, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}
