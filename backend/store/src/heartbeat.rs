//! Heartbeats: a node writes down that it is at work, so that after a crash its calls can be ended at a time at which
//! they were up for certain.

use crate::{Error, entity::heartbeat};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};

/// Most nodes that one question answers.
pub const SILENT_MAX: u64 = 100;

/// Writes down that a node is at work.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn beat<C: ConnectionTrait>(
    txn: &C,
    scope: &Scope,
    node: &str,
    started_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    if scope.tenant().is_some() {
        return Err(Error::Missing);
    }
    let row = heartbeat::ActiveModel { node: Set(node.to_owned()), started_at: Set(started_at), at: Set(at) };
    heartbeat::Entity::insert(row)
        .on_conflict(
            OnConflict::column(heartbeat::Column::Node)
                .update_columns([heartbeat::Column::StartedAt, heartbeat::Column::At])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// When a node was last at work.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn last<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    node: &str,
) -> Result<Option<DateTime<Utc>>, Error> {
    if scope.tenant().is_some() {
        return Err(Error::Missing);
    }
    Ok(heartbeat::Entity::find_by_id(node.to_owned()).one(conn).await?.map(|row| row.at))
}

/// The nodes whose last heartbeat is older than `before`, with that heartbeat; [`SILENT_MAX`] at most.
///
/// # Errors
/// [`Error`] where the scope is one tenant's, or the database fails.
pub async fn silent_since<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    before: DateTime<Utc>,
) -> Result<Vec<(String, DateTime<Utc>)>, Error> {
    if scope.tenant().is_some() {
        return Err(Error::Missing);
    }
    let query = heartbeat::Entity::find().filter(heartbeat::Column::At.lt(before));
    let rows = query.order_by_desc(heartbeat::Column::At).limit(SILENT_MAX).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.node, row.at)).collect())
}
