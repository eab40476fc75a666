//! SIP users. Their secrets are sealed.

use crate::{
    Error,
    entity::sip_user::{Column, Entity},
    table::{self, own, see},
};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub use crate::entity::sip_user::Model as SipUser;

/// Writes a new user down.
///
/// # Errors
/// [`Error::Taken`] where the tenant has a user of that name.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: SipUser) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// Deletes a user; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(tx: &C, scope: &Scope, username: &str) -> Result<bool, Error> {
    let query = Entity::delete_many().filter(Column::Username.eq(username));
    Ok(own(query, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Users of one tenant, by name, after one of them. Names are plain ASCII, so both databases order them alike where
/// they are compared by their bytes.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<SipUser>, Error> {
    let mut query = own(Entity::find(), Column::TenantId, scope);
    if let Some(after) = after {
        query = query.filter(Column::Username.gt(after));
    }
    Ok(query.order_by_asc(Column::Username).limit(limit).all(on).await?)
}

/// All users that the scope sees: what the configuration in memory is made of.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<SipUser>, Error> {
    Ok(own(Entity::find(), Column::TenantId, scope).order_by_asc(Column::Username).all(on).await?)
}

/// How many there are.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<u64, Error> {
    Ok(own(Entity::find(), Column::TenantId, scope).count(on).await?)
}
