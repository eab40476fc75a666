//! The keys under which tokens of apps' users are signed. Their private halves are sealed.

use crate::{
    Error,
    entity::signing_key::{Column, Entity},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use uuid::Uuid;

pub use crate::entity::signing_key::Model as SigningKey;

/// All keys, youngest first.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn all<C: ConnectionTrait>(on: &C, scope: &Scope) -> Result<Vec<SigningKey>, Error> {
    platform(scope)?;
    Ok(Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).all(on).await?)
}

/// Writes a new key down, and retires all others.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn succeed<C: ConnectionTrait>(tx: &C, scope: &Scope, row: SigningKey) -> Result<(), Error> {
    platform(scope)?;
    Entity::update_many()
        .col_expr(Column::RetiredAt, Expr::value(row.created_at))
        .filter(Column::RetiredAt.is_null())
        .exec(tx)
        .await?;
    table::insert(tx, row).await
}

/// Forgets keys that were retired before a time; their identifiers.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn sweep<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
) -> Result<Vec<Uuid>, Error> {
    platform(scope)?;
    let old = Entity::find().filter(Column::RetiredAt.lt(before)).all(tx).await?;
    let ids: Vec<Uuid> = old.into_iter().map(|key| key.id).collect();
    Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied())).exec(tx).await?;
    Ok(ids)
}
