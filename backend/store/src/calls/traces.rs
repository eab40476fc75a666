//! The traces of calls that are over: packed messages and media turns, kept for some days.

use crate::{
    Error,
    entity::call_trace::{Column, Entity, Model},
    table::{self, platform},
};
use chrono::{DateTime, Utc};
use domain::{access::Scope, ids::CallId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// A trace to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTrace {
    /// The carried call: the payer's record.
    pub call: CallId,
    /// When the call ended, about: by this it is swept.
    pub at: DateTime<Utc>,
    /// The trace, packed by whoever reads it.
    pub body: Vec<u8>,
}

/// Writes traces down.
///
/// # Errors
/// [`Error`] where a call has one already, the database fails, or the scope is one tenant's.
pub async fn insert_traces<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    traces: Vec<StoredTrace>,
) -> Result<(), Error> {
    platform(scope)?;
    let row = |trace: StoredTrace| Model { call_id: trace.call.0, at: trace.at, body: trace.body };
    table::insert_all(tx, traces.into_iter().map(row).collect()).await
}

/// The trace of a call, by any record of it that the scope sees; `None` where there is none.
///
/// # Errors
/// [`Error`] where the database fails.
pub async fn trace<C: ConnectionTrait>(
    conn: &C,
    scope: &Scope,
    record: CallId,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(call) = super::get(conn, scope, record).await? else { return Ok(None) };
    let carried = call.payer_call.unwrap_or(call.id);
    Ok(Entity::find_by_id(carried.0).one(conn).await?.map(|row| row.body))
}

/// Deletes up to `limit` traces from before a time, the oldest first, and says how many.
///
/// # Errors
/// [`Error`] where the database fails, or the scope is one tenant's.
pub async fn sweep_traces<C: ConnectionTrait>(
    tx: &C,
    scope: &Scope,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, Error> {
    platform(scope)?;
    let old = Entity::find().filter(Column::At.lt(before)).order_by_asc(Column::At);
    let ids: Vec<Uuid> = old.select_only().column(Column::CallId).limit(limit).into_tuple().all(tx).await?;
    Ok(Entity::delete_many().filter(Column::CallId.is_in(ids)).exec(tx).await?.rows_affected)
}
