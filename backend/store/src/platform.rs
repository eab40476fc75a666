//! What the platform keeps for itself: configuration by version, named values, answers to repeated requests.

use crate::{
    Error,
    entity::{config_version, platform_value, replay},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

pub use crate::entity::{config_version::Model as ConfigVersion, replay::Model as Replay};

/// Keeps a piece of configuration under its hash; what is there already stays.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn keep_config<C: ConnectionTrait>(on: &C, scope: &Scope, row: ConfigVersion) -> Result<(), Error> {
    platform(scope)?;
    config_version::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(config_version::Column::Hash).do_nothing().to_owned())
        .exec_without_returning(on)
        .await?;
    Ok(())
}

/// A piece of configuration as it was.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn config<C: ConnectionTrait>(
    on: &C,
    scope: &Scope,
    hash: &str,
) -> Result<Option<ConfigVersion>, Error> {
    platform(scope)?;
    Ok(config_version::Entity::find_by_id(hash.to_owned()).one(on).await?)
}

/// A named value.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn value<C: ConnectionTrait>(on: &C, scope: &Scope, name: &str) -> Result<Option<Vec<u8>>, Error> {
    platform(scope)?;
    let row = platform_value::Entity::find_by_id(name.to_owned()).one(on).await?;
    Ok(row.map(|row| row.value))
}

/// Keeps a named value; one that is there already stays, and is answered: with several nodes the first wins.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn keep_value<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    name: &str,
    value: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    platform(scope)?;
    let row = platform_value::Model { name: name.to_owned(), value };
    platform_value::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(platform_value::Column::Name).do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    self::value(tx, scope, name).await?.ok_or(Error::Missing)
}

/// Writes a named value down, in the place of the one that was there.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn put_value<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    name: &str,
    value: Vec<u8>,
) -> Result<(), Error> {
    platform(scope)?;
    let row = platform_value::Model { name: name.to_owned(), value };
    let replace = OnConflict::column(platform_value::Column::Name)
        .update_column(platform_value::Column::Value)
        .to_owned();
    platform_value::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Forgets a named value.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn drop_value<C: ConnectionTrait>(tx: &C, scope: &Scope, name: &str) -> Result<(), Error> {
    platform(scope)?;
    platform_value::Entity::delete_by_id(name.to_owned()).exec(tx).await?;
    Ok(())
}

/// Writes a request down that is about to be answered.
///
/// # Errors
/// [`Error::Taken`] where it is there already.
pub async fn begin_replay<C: ConnectionTrait>(tx: &C, scope: &Scope, row: Replay) -> Result<(), Error> {
    platform(scope)?;
    table::insert(tx, row).await
}

/// A request that was written down.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn replay<C: ConnectionTrait>(on: &C, scope: &Scope, id: &str) -> Result<Option<Replay>, Error> {
    platform(scope)?;
    Ok(replay::Entity::find_by_id(id.to_owned()).one(on).await?)
}

/// How many requests of a caller are written down.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn count_replays<C: ConnectionTrait>(on: &C, scope: &Scope, caller: &str) -> Result<u64, Error> {
    platform(scope)?;
    Ok(replay::Entity::find().filter(replay::Column::Caller.eq(caller)).count(on).await?)
}

/// Keeps the answer to a request.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn finish_replay<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    id: &str,
    status: i16,
    headers: String,
    answer: Vec<u8>,
) -> Result<(), Error> {
    platform(scope)?;
    replay::Entity::update_many()
        .col_expr(replay::Column::Status, Expr::value(status))
        .col_expr(replay::Column::Headers, Expr::value(headers))
        .col_expr(replay::Column::Answer, Expr::value(answer))
        .filter(replay::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Forgets a request.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn forget_replay<C: ConnectionTrait>(tx: &C, scope: &Scope, id: &str) -> Result<(), Error> {
    platform(scope)?;
    replay::Entity::delete_many().filter(replay::Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// Forgets the requests from before a time, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn sweep_replays<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
) -> Result<u64, Error> {
    platform(scope)?;
    let done = replay::Entity::delete_many().filter(replay::Column::CreatedAt.lt(before)).exec(tx).await?;
    Ok(done.rows_affected)
}
