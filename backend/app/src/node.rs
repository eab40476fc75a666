//! This node: what its shards and trunks are at, and taking it out of work and in again.

use crate::{
    App, Error,
    audit::{self, Change},
    calls::MeterView,
};
use domain::access::{Actor, Permission, Scope};
use serde_json::Value;
use std::time::Duration;

/// The longest time that a drain lets calls go on, and what it is where none is named: a week.
pub const DRAIN_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Seconds after which it is worth asking again, where this node carries no calls.
const RETRY_AFTER: u32 = 5;

/// What a node is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// It takes no new calls.
    pub draining: bool,
    /// Calls that are up or being set up.
    pub live_calls: u64,
    /// Its shards, in their order; none where it carries no calls.
    pub shards: Vec<ShardView>,
    /// Its trunks and carriers, by name.
    pub peers: Vec<MeterView>,
    /// Its media relay; `None` where it carries no calls.
    pub media: Option<crate::pool::Reading>,
    /// What recordings take of its disk.
    pub recordings: crate::recordings::DiskView,
}

/// What a shard is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardView {
    /// Its calls.
    pub calls: u64,
    /// Messages that wait for it.
    pub queue: u64,
    /// The longest turn of its loop of late, microseconds.
    pub lag_us: u64,
    /// Bytes of traces that it holds.
    pub trace_bytes: u64,
    /// Messages taken in since the start.
    pub messages_in: u64,
    /// Messages sent since the start.
    pub messages_out: u64,
}

/// What this node is at. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn get(app: &App, actor: &Actor) -> Result<NodeView, Error> {
    actor.scope(Permission::Operate)?;
    Ok(read(app))
}

/// What this node is at, for the metrics.
#[must_use]
pub fn read(app: &App) -> NodeView {
    let edge = app.deps().edge.as_ref();
    let shard = |reading: edge::ShardReading| ShardView {
        calls: reading.calls,
        queue: reading.queue,
        lag_us: u64::try_from(reading.lag.as_micros()).unwrap_or(u64::MAX),
        trace_bytes: reading.trace_bytes,
        messages_in: reading.messages_in,
        messages_out: reading.messages_out,
    };
    NodeView {
        name: app.settings().node.clone(),
        draining: is_draining(app),
        live_calls: edge.map_or(0, |edge| edge.count() as u64),
        shards: edge.map(|edge| edge.readings().into_iter().map(shard).collect()).unwrap_or_default(),
        peers: crate::calls::meters(app),
        media: crate::pool::last(app),
        recordings: crate::recordings::disk(app),
    }
}

/// Whether this node takes no new calls, since an operator said so or it stops.
#[must_use]
pub fn is_draining(app: &App) -> bool {
    app.deps().edge.as_ref().is_some_and(edge::Handle::is_draining)
}

/// Takes this node out of work: new calls get 503 with Retry-After and go elsewhere; those that are up go on, for as
/// long as is said, and are ended then. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Unavailable`] where this node carries no calls.
pub async fn drain(app: &App, actor: &Actor, patience: Option<Duration>) -> Result<NodeView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    edge_of(app)?.drain(patience.unwrap_or(DRAIN_MAX).min(DRAIN_MAX));
    tracing::warn!(by = actor.name, "the node is drained: it takes no new calls");
    note(app, &scope, actor, "node.drain").await?;
    Ok(read(app))
}

/// Has a drained node take calls again. Operators only.
///
/// # Errors
/// As [`drain`].
pub async fn resume(app: &App, actor: &Actor) -> Result<NodeView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    edge_of(app)?.resume();
    tracing::info!(by = actor.name, "the node takes calls again");
    note(app, &scope, actor, "node.resume").await?;
    Ok(read(app))
}

async fn note(app: &App, scope: &Scope, actor: &Actor, what: &'static str) -> Result<(), Error> {
    let change = Change {
        actor: &actor.name,
        tenant: None,
        what,
        target: &app.settings().node,
        before: Value::Null,
        after: Value::Null,
    };
    audit::note(app, scope, change).await
}

fn edge_of(app: &App) -> Result<&edge::Handle, Error> {
    app.deps().edge.as_ref().ok_or(Error::Unavailable { retry_after: RETRY_AFTER })
}
