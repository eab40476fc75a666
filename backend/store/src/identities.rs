//! The users of tenants' apps.

use crate::{
    Error,
    entity::identity::{Column, Entity},
    table::{self, own, platform, see},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::identity::Model as Identity;

/// Writes a new user down.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Identity) -> Result<(), Error> {
    see(scope, row.tenant_id)?;
    table::insert(tx, row).await
}

/// A user that is there; a deleted one is not.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn get<C: ConnectionTrait>(on: &C, scope: &Scope, id: Uuid) -> Result<Option<Identity>, Error> {
    let query = Entity::find_by_id(id).filter(Column::DeletedAt.is_null());
    Ok(own(query, Column::TenantId, scope).one(on).await?)
}

/// The users of the scope, oldest first, after one of them.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Identity>, Error> {
    let mut query = own(Entity::find(), Column::TenantId, scope).filter(Column::DeletedAt.is_null());
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query.order_by_asc(Column::Id).limit(limit).all(on).await?)
}

/// Voids all tokens of a user; its new generation, or `None` where there is no such user.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn revoke<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<i32>, Error> {
    let update = Entity::update_many()
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .col_expr(Column::RevokedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::DeletedAt.is_null());
    let done = own(update, Column::TenantId, scope).exec(tx).await?;
    if done.rows_affected == 0 {
        return Ok(None);
    }
    Ok(get(tx, scope, id).await?.map(|row| row.generation))
}

/// Deletes a user and voids its tokens; whether it was there.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn delete<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<bool, Error> {
    let update = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at))
        .col_expr(Column::DeletedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::DeletedAt.is_null());
    Ok(own(update, Column::TenantId, scope).exec(tx).await?.rows_affected > 0)
}

/// Users whose tokens were revoked, or who were deleted, since a time.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn revoked_since<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<Vec<Identity>, Error> {
    platform(scope)?;
    Ok(Entity::find().filter(Column::RevokedAt.gte(since)).all(on).await?)
}

/// Forgets users who were deleted before a time, and says how many.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn sweep<C: ConnectionTrait>(tx: &C, scope: &Scope, before: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    Ok(Entity::delete_many().filter(Column::DeletedAt.lt(before)).exec(tx).await?.rows_affected)
}
