//! Invitations to sign up. They are the operator's alone.

use crate::{
    Error,
    entity::invitation::{Column, Entity},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

pub use crate::entity::invitation::Model as Invitation;

/// Writes a new invitation down.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn insert<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Invitation) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// Invitations, youngest first, after one of them.
///
/// # Errors
/// As [`insert`].
pub async fn list<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Invitation>, Error> {
    platform(scope)?;
    let mut query = Entity::find();
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after));
    }
    Ok(query.order_by_desc(Column::Id).limit(limit).all(on).await?)
}

/// How many can still be used at `now`.
///
/// # Errors
/// As [`insert`].
pub async fn count_open<C: ConnectionTrait>(on: &C, scope: &Scope, now: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    let query = Entity::find().filter(Column::UsedAt.is_null()).filter(Column::ExpiresAt.gt(now));
    Ok(query.count(on).await?)
}

/// The invitation of a token's hash.
///
/// # Errors
/// As [`insert`].
pub async fn by_hash<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    hash: &str,
) -> Result<Option<Invitation>, Error> {
    platform(scope)?;
    Ok(Entity::find().filter(Column::Hash.eq(hash)).one(on).await?)
}

/// Uses an invitation up for a tenant; whether it could still be used at `now`. Of two at once one wins.
///
/// # Errors
/// As [`insert`].
pub async fn take<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
    tenant: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    platform(scope)?;
    let update = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .col_expr(Column::TenantId, Expr::value(tenant))
        .filter(Column::Id.eq(id))
        .filter(Column::UsedAt.is_null())
        .filter(Column::ExpiresAt.gt(now));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// Takes an invitation back that nobody has used; whether it was there.
///
/// # Errors
/// As [`insert`].
pub async fn delete<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<Invitation>, Error> {
    platform(scope)?;
    let row = Entity::find_by_id(id).filter(Column::UsedAt.is_null()).one(tx).await?;
    if let Some(row) = &row {
        Entity::delete_by_id(row.id).exec(tx).await?;
    }
    Ok(row)
}

/// Forgets those that expired before a time, and says how many.
///
/// # Errors
/// As [`insert`].
pub async fn sweep<C: ConnectionTrait>(tx: &C, scope: &Scope, before: DateTime<Utc>) -> Result<u64, Error> {
    platform(scope)?;
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(tx).await?.rows_affected)
}
