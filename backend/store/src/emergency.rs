//! Emergency numbers by country, which belong to the platform; and the addresses of the tenants' numbers.

use crate::{
    Error,
    entity::{emergency_address as address, emergency_country as country},
    table::{self, own, platform, see},
};
use domain::access::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

pub use crate::entity::{emergency_address::Model as Address, emergency_country::Model as Country};

/// Writes a country down, new or changed.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn put_country<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Country) -> Result<(), Error> {
    platform(scope)?;
    let known = country::Entity::find_by_id(row.country.clone()).count(tx).await? > 0;
    if known { table::update(tx, row).await } else { table::insert(tx, row).await }
}

/// Deletes a country; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn delete_country<C: ConnectionTrait>(tx: &C, scope: &Scope, code: &str) -> Result<bool, Error> {
    platform(scope)?;
    Ok(country::Entity::delete_by_id(code.to_owned()).exec(tx).await?.rows_affected > 0)
}

/// All countries, by code. Every scope may know them: they say what help a caller gets.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn countries<C: ConnectionTrait>(on: &C, _scope: &Scope) -> Result<Vec<Country>, Error> {
    Ok(country::Entity::find().order_by_asc(country::Column::Country).all(on).await?)
}

/// Writes the address of a number down, in the place of the one that it had.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn put_address<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Address) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    address::Entity::delete_many()
        .filter(address::Column::TenantId.eq(row.tenant_id))
        .filter(address::Column::E164.eq(row.e164.clone()))
        .exec(tx)
        .await?;
    table::insert(tx, row).await
}

/// Deletes the address of a number; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete_address<C: ConnectionTrait>(tx: &C, scope: &Scope, e164: &str) -> Result<bool, Error> {
    let query = address::Entity::delete_many().filter(address::Column::E164.eq(e164));
    Ok(own(query, address::Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// The addresses that the scope sees, by number.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn addresses<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<Address>, Error> {
    let query = own(address::Entity::find(), address::Column::TenantId, scope);
    Ok(query.order_by_asc(address::Column::E164).all(on).await?)
}
