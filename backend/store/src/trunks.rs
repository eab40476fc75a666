//! Trunks, domains and voice routes.

use crate::{
    Error,
    entity::{domain as domains, route, trunk},
    table::{self, own, platform, see},
};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

pub use crate::entity::{domain::Model as Domain, route::Model as Route, trunk::Model as Trunk};

/// Writes a new trunk down.
///
/// # Errors
/// [`Error::Taken`] where the name is, by whichever tenant.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Trunk) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Writes a changed trunk down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Trunk) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// Deletes a trunk; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, fqdn: &str) -> Result<bool, Error> {
    let query = trunk::Entity::delete_many().filter(trunk::Column::Fqdn.eq(fqdn));
    Ok(own(query, trunk::Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// The trunks that the scope sees, by name.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Trunk>, Error> {
    Ok(own(trunk::Entity::find(), trunk::Column::TenantId, scope)
        .order_by_asc(trunk::Column::Fqdn)
        .all(on)
        .await?)
}

/// How many trunks the scope sees.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(own(trunk::Entity::find(), trunk::Column::TenantId, scope).count(on).await?)
}

/// The voice routes that the scope sees, by tenant and in order.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn routes<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Route>, Error> {
    let query = own(route::Entity::find(), route::Column::TenantId, scope);
    Ok(query.order_by_asc(route::Column::TenantId).order_by_asc(route::Column::Position).all(on).await?)
}

/// Puts these routes in the place of all that a tenant has.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn replace_routes<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    tenant: TenantId,
    rows: Vec<Route>,
) -> Result<(), Error> {
    see(scope, tenant.0)?;
    if rows.iter().any(|row| row.tenant_id != tenant.0) {
        return Err(Error::Missing);
    }
    route::Entity::delete_many().filter(route::Column::TenantId.eq(tenant.0)).exec(tx).await?;
    table::insert_all(tx, rows).await
}

/// Writes a new domain down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has named it already.
pub async fn insert_domain<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Domain) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Writes a changed domain down.
///
/// # Errors
/// [`Error::Missing`].
pub async fn update_domain<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Domain) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::update(tx, row).await
}

/// Deletes a domain; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete_domain<C: ConnectionTrait>(tx: &C, scope: &Scope, name: &str) -> Result<bool, Error> {
    let query = domains::Entity::delete_many().filter(domains::Column::Name.eq(name));
    Ok(own(query, domains::Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// The domains that the scope sees, by name.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn domains<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Domain>, Error> {
    let query = own(domains::Entity::find(), domains::Column::TenantId, scope);
    Ok(query.order_by_asc(domains::Column::Name).all(on).await?)
}

/// Whether a tenant other than this one has shown a domain to be its own.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn is_anothers<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    tenant: TenantId,
    name: &str,
) -> Result<bool, Error> {
    platform(scope)?;
    let query = domains::Entity::find()
        .filter(domains::Column::Name.eq(name))
        .filter(domains::Column::TenantId.ne(tenant.0))
        .filter(domains::Column::VerifiedAt.is_not_null());
    Ok(query.count(on).await? > 0)
}
