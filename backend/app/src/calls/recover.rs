//! After a crash: the calls of this node that are still open are closed at a time at which they were up for certain.

use super::settle::{charge, close};
use crate::{App, Error, StartError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    access::Scope,
    cause::{Cause, Outcome},
};
use store::calls::{Call, Closing};

/// Calls that are closed in one transaction.
const CHUNK: usize = 100;
/// A node whose last heartbeat is older than this is held to be gone.
const LOST_AFTER: TimeDelta = TimeDelta::seconds(60);

/// Closes the calls that a crash of this node left open, before anything is served. A call that was answered ends at
/// the last heartbeat and is charged up to it, others cost nothing; no hold stays behind. From then on the heartbeat
/// of this node is written. Does nothing on a node that carries no calls.
///
/// # Errors
/// [`StartError`] where the database fails.
pub(crate) async fn recover(app: &App) -> Result<(), StartError> {
    if app.deps().edge.is_none() {
        return Ok(());
    }
    let scope = scope();
    let node = app.settings().node.as_str();
    let last = store::heartbeat::last(app.db().read(), &scope, node).await?;
    close_all(app, node, last).await?;
    let now = app.now();
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::heartbeat::beat(tx, &scope, node, now, now).await?))
        .await?;
    app.calls().writer.start_heartbeat();
    Ok(())
}

/// Closes the calls of other nodes that have not been heard of for a minute, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn recover_lost(app: &App) -> Result<u64, Error> {
    let silent = store::heartbeat::silent_since(app.db().read(), &scope(), app.now() - LOST_AFTER).await?;
    let mut closed = 0;
    for (node, last) in silent.into_iter().filter(|(node, _)| *node != app.settings().node) {
        closed += close_all(app, &node, Some(last)).await?;
    }
    Ok(closed)
}

const fn scope() -> Scope {
    Scope::system("a crash leaves calls of every tenant")
}

async fn close_all(app: &App, node: &str, last: Option<DateTime<Utc>>) -> Result<u64, Error> {
    let scope = scope();
    let mut closed = 0;
    loop {
        let open = store::calls::live_on(app.db().read(), &scope, node).await?;
        if open.is_empty() {
            return Ok(closed);
        }
        tracing::info!(calls = open.len(), node, "closing the calls that a stopped node left open");
        for chunk in open.chunks(CHUNK) {
            let calls: Vec<_> = chunk.iter().map(|call| (call, closing(call, last))).collect();
            let interests = app.events().interests();
            app.db()
                .write::<_, Error, _>(async |tx| Ok(close(tx, &scope, &interests, &calls).await?))
                .await?;
            closed += chunk.len() as u64;
        }
    }
}

/// How a call is closed of which no more is known than its record.
fn closing(call: &Call, last: Option<DateTime<Utc>>) -> Closing {
    let up_since = call.answered_at.unwrap_or(call.started_at);
    let ended_at = last.map_or(up_since, |last| last.max(up_since));
    let duration_ms = match call.answered_at {
        Some(answered_at) => (ended_at - answered_at).num_milliseconds().max(0).unsigned_abs(),
        None => 0,
    };
    let (charges, total_micros) = match call.answered_at {
        Some(_) => charge(&call.quote, duration_ms, call.funded_ms),
        None => (Vec::new(), 0),
    };
    let outcome = Outcome::ours(Cause::PlatformStopped, None);
    Closing {
        call: call.id,
        answered_at: call.answered_at,
        ended_at,
        duration_ms,
        callee_outcome: Some(outcome.clone()),
        outcome,
        charges,
        total_micros,
        callee_trunk: None,
        callee_call: None,
        held_micros: call.held_micros,
    }
}
