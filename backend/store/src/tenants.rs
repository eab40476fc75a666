//! Tenants.

use crate::{
    Error,
    entity::tenant::{Column, Entity},
    table::{self, own, platform, see},
};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub use crate::entity::tenant::Model as Tenant;

/// Writes a new tenant down.
///
/// # Errors
/// [`Error::Taken`] where its slug is.
pub async fn insert<C: ConnectionTrait>(on: &C, scope: &Scope, row: Tenant) -> Result<(), Error> {
    see(scope, row.id)?;
    table::insert(on, row).await
}

/// Writes a changed tenant down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(on: &C, scope: &Scope, row: Tenant) -> Result<(), Error> {
    see(scope, row.id)?;
    table::update(on, row).await
}

/// A tenant.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: TenantId) -> Result<Option<Tenant>, Error> {
    Ok(own(Entity::find_by_id(id.0), Column::Id, scope).one(on).await?)
}

/// Tenants, newest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<TenantId>,
    limit: u64,
) -> Result<Vec<Tenant>, Error> {
    let mut query = own(Entity::find(), Column::Id, scope);
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after.0));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// All tenants that the scope sees: what the configuration in memory is made of.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Tenant>, Error> {
    Ok(own(Entity::find(), Column::Id, scope).all(on).await?)
}

/// Whether a slug is in use.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn has_slug<C: ConnectionTrait>(on: &C, scope: &Scope, slug: &str) -> Result<bool, Error> {
    platform(scope)?;
    Ok(Entity::find().filter(Column::Slug.eq(slug)).count(on).await? > 0)
}

/// How many there are.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(own(Entity::find(), Column::Id, scope).count(on).await?)
}
