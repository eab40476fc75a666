//! The work of delivery: events are spread, what is due is claimed and sent, and what came of it is written down.

use super::{
    attempt::{Target, Tried},
    fan_out::fan_out,
    state::Finished,
};
use crate::{App, Error};
use chrono::Duration as Span;
use domain::{
    access::Scope,
    events::{self, Failure},
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use store::deliveries::{DEAD, DELIVERED, Delivery};
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long one run goes on.
const RUN: Duration = Duration::from_secs(10);
/// The longest that a run waits before it looks again: retries fall due without a bell.
const LOOK: Duration = Duration::from_millis(500);
/// For how long things gather before they are worked on.
const GATHER: Duration = Duration::from_millis(20);
/// For how long a delivery is claimed: longer than a try may take.
const CLAIM: Span = Span::seconds(60);
/// Results that one transaction writes at most.
const RESULTS_MAX: usize = 64;
/// For how long a stop waits for what is under way.
const LAST: Duration = Duration::from_secs(3);
/// Tries that the log of a delivery keeps.
const LOG_MAX: usize = 5;

/// Delivers for a while, and says how much arrived. For the jobs; one run at a time.
///
/// # Errors
/// [`Error::Internal`] where the database fails; nothing is lost by that.
pub async fn deliver(app: &App) -> Result<u64, Error> {
    let state = app.webhooks();
    let mut results = state.results.lock().await;
    let end = Instant::now() + RUN;
    let mut arrived = 0;
    loop {
        arrived += write_results(app, &mut results).await?;
        if state.is_stopping() {
            return Ok(arrived + finish(app, &mut results).await?);
        }
        let spread = fan_out(app).await?;
        let begun = begin(app).await?;
        if Instant::now() >= end {
            return Ok(arrived);
        }
        if spread + begun == 0 && results.is_empty() {
            tokio::select! {
                () = app.events().rung() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// Has [`deliver`] come to its end soon: nothing new is begun. For the end of the program.
pub fn stop(app: &App) {
    app.webhooks().set_stopping();
    app.events().ring();
}

/// Writes down what comes of what is under way.
async fn finish(app: &App, results: &mut mpsc::Receiver<Finished>) -> Result<u64, Error> {
    let (end, mut arrived) = (Instant::now() + LAST, 0);
    while app.webhooks().under_way() > 0 && Instant::now() < end {
        tokio::time::sleep(GATHER).await;
        arrived += write_results(app, results).await?;
    }
    Ok(arrived)
}

fn scope() -> Scope {
    Scope::system("deliveries of all tenants are tried")
}

/// Claims what is due and may begin, and begins it. How much that is.
async fn begin(app: &App) -> Result<usize, Error> {
    let (scope, state, now) = (scope(), app.webhooks(), app.now());
    let waiting = store::deliveries::waiting(app.db().read(), &scope, now).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let all = store::webhooks::active(app.db().read(), &scope).await?;
    let mut all: HashMap<Uuid, _> = all.into_iter().map(|row| (row.id, row)).collect();
    let mut begun = 0;
    for id in waiting {
        let Some(row) = all.remove(&id) else { continue };
        let mut room = state.room(id, (row.tenant_id, &row.url), Instant::now());
        let per_minute = row.allowed_per_minute.and_then(|rate| u32::try_from(rate).ok());
        if per_minute.is_some() {
            room = room.min(1);
        }
        if room == 0 {
            continue;
        }
        let node = app.settings().node.as_str();
        let claimed = app
            .db()
            .write::<_, Error, _>(async |tx| {
                let (times, limit) = ((now, now + CLAIM), room as u64);
                Ok(store::deliveries::claim(tx, &scope, id, times, node, limit).await?)
            })
            .await?;
        begun += claimed.len();
        state.begin(id, claimed.len(), per_minute, Instant::now());
        let target = Target::new(app, &row)?;
        for delivery in claimed {
            start(app.clone(), target.clone(), delivery);
        }
    }
    Ok(begun)
}

/// Tries a delivery in a task of its own.
fn start(app: App, target: Target, row: Delivery) {
    tokio::spawn(async move {
        let outcome = target.send(&app, &row).await;
        let outcome = outcome.inspect_err(|error| tracing::error!(%error, "a delivery cannot be read")).ok();
        let is_down = outcome.as_ref().is_some_and(|outcome| {
            matches!(
                outcome.failure,
                Some(Failure::Unreachable | Failure::Refused | Failure::Status(429 | 500.., _))
            )
        });
        app.webhooks().end(target.id, !is_down, Instant::now());
        let finished = Finished { row, max_attempts: target.max_attempts, outcome };
        // There is room for each that may be under way; the receiver lives as long as the app.
        let _ = app.webhooks().finished.send(finished).await;
        app.events().ring();
    });
}

/// Writes down what came of deliveries, and says how many arrived.
async fn write_results(app: &App, results: &mut mpsc::Receiver<Finished>) -> Result<u64, Error> {
    let mut rows = Vec::new();
    while rows.len() < RESULTS_MAX {
        let Ok(finished) = results.try_recv() else { break };
        rows.push(after(app, finished));
    }
    if rows.is_empty() {
        return Ok(0);
    }
    let scope = scope();
    app.db()
        .write::<_, Error, _>(async |tx| {
            for (row, _) in &rows {
                store::deliveries::update(tx, &scope, row.clone()).await?;
            }
            Ok(())
        })
        .await?;
    for (row, has_failed) in &rows {
        app.webhooks().count(&row.state, *has_failed);
    }
    Ok(rows.iter().filter(|(row, _)| row.state == DELIVERED).count() as u64)
}

/// A delivery as it is after a try, and whether that failed.
fn after(app: &App, finished: Finished) -> (Delivery, bool) {
    let Finished { mut row, max_attempts, outcome } = finished;
    let now = app.now();
    row.claimed_by = None;
    row.attempts = row.attempts.saturating_add(1);
    let Some(outcome) = outcome else {
        (row.state, row.done_at) = (DEAD.to_owned(), Some(now));
        row.last_error = Some("what is kept of it cannot be read".to_owned());
        return (row, true);
    };
    row.last_status = outcome.tried.status.map(i32::from);
    row.last_error = outcome.tried.error.clone();
    row.log = with(&row.log, outcome.tried);
    let Some(failure) = outcome.failure else {
        (row.state, row.done_at) = (DELIVERED.to_owned(), Some(now));
        return (row, false);
    };
    let pause = events::pause(row.attempts.unsigned_abs(), failure, rand::random());
    row.next_at = now + Span::from_std(pause).unwrap_or_default();
    if events::is_final(failure) || row.attempts >= max_attempts || row.next_at > row.expires_at {
        (row.state, row.done_at) = (DEAD.to_owned(), Some(now));
    }
    (row, true)
}

/// A log with one more try, and without the oldest ones.
fn with(log: &str, tried: Tried) -> String {
    let mut all: Vec<Tried> = serde_json::from_str(log).unwrap_or_default();
    all.push(tried);
    let old = all.len().saturating_sub(LOG_MAX);
    all.drain(..old);
    serde_json::to_string(&all).unwrap_or_else(|_| "[]".to_owned())
}
