//! API keys. What is kept opens nothing: the secrets are hashed.

use crate::{
    Error,
    entity::api_key::{Column, Entity},
    table::{self, platform, see},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::TenantId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait as _, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::api_key::Model as ApiKey;

/// Whose keys are meant: a tenant's, which the scope must see, or the operator's own.
fn of<Q: QueryFilter>(query: Q, scope: &Scope, owner: Option<TenantId>) -> Result<Q, Error> {
    match owner {
        Some(tenant) => {
            see(scope, tenant.0)?;
            Ok(query.filter(Column::TenantId.eq(tenant.0)))
        }
        None => {
            platform(scope)?;
            Ok(query.filter(Column::TenantId.is_null()))
        }
    }
}

/// Writes a new key down.
///
/// # Errors
/// [`Error::Taken`] where a key begins alike.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: ApiKey) -> Result<(), Error> {
    match row.tenant_id {
        Some(tenant) => see(scope, tenant)?,
        None => platform(scope)?,
    }
    table::insert(tx, row).await
}

/// Keys, youngest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails, or the scope does not see the owner.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    owner: Option<TenantId>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<ApiKey>, Error> {
    let mut query = of(Entity::find(), scope, owner)?;
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// How many there are, revoked and expired ones included.
///
/// # Errors
/// As [`list`].
pub async fn count<C: ConnectionTrait>(on: &C, scope: &Scope, owner: Option<TenantId>) -> Result<u64, Error> {
    Ok(of(Entity::find(), scope, owner)?.count(on).await?)
}

/// A key of an owner.
///
/// # Errors
/// As [`list`].
pub async fn get<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    owner: Option<TenantId>,
    id: Uuid,
) -> Result<Option<ApiKey>, Error> {
    Ok(of(Entity::find_by_id(id), scope, owner)?.one(on).await?)
}

/// The key that begins like this. Whoever shows it is in no scope yet.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn by_prefix<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    prefix: &str,
) -> Result<Option<ApiKey>, Error> {
    platform(scope)?;
    Ok(Entity::find().filter(Column::Prefix.eq(prefix)).one(on).await?)
}

/// The key with an identifier, whosever it is: a token that was made with it says no more.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn by_id<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<ApiKey>, Error> {
    platform(scope)?;
    Ok(Entity::find_by_id(id).one(on).await?)
}

/// Revokes a key that is not revoked yet; whether it did.
///
/// # Errors
/// As [`list`].
pub async fn revoke<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    owner: Option<TenantId>,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null());
    Ok(of(update, scope, owner)?.exec(tx).await?.rows_affected > 0)
}

/// Notes that a key was used.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn used<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    platform(scope)?;
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at));
    update.filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// Forgets the keys of an owner that were revoked, or expired, before a time; says how many.
///
/// # Errors
/// As [`list`].
pub async fn sweep<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    owner: Option<TenantId>,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    let dead = Column::RevokedAt.lt(before).or(Column::ExpiresAt.lt(before));
    Ok(of(Entity::delete_many(), scope, owner)?.filter(dead).exec(tx).await?.rows_affected)
}
