//! Heartbeats: a node writes down that it is at work, so that after a crash its calls can be ended at a time at which
//! they were up for certain.

use crate::{Error, entity::heartbeat};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};

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
