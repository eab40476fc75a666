//! Deliveries whose time is over are given up, and old ones go.

use super::reload;
use crate::{App, Error};
use chrono::Duration;
use domain::access::Scope;
use store::Tx;

/// Days for which the delivery log is kept, dead letters among it.
const RETENTION_DAYS: i64 = 7;
/// Deliveries that one statement touches at most.
const BATCH: u64 = 1_000;
/// Such statements in one run at most; the next run goes on.
const ROUNDS: usize = 20;

/// Gives up what waits longer than it may, and deletes what is older than seven days or whose subscription is gone. Says how
/// many were deleted. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("deliveries of all tenants grow old");
    let now = app.now();
    let given_up = rounds(app, async |tx| store::deliveries::expire(tx, &scope, now, BATCH).await).await?;
    app.webhooks().count_dead(given_up);
    let before = now - Duration::days(RETENTION_DAYS);
    let swept = rounds(app, async |tx| store::deliveries::sweep(tx, &scope, before, BATCH).await).await?;
    let known = store::webhooks::active(app.db().read(), &scope).await?;
    app.webhooks().retain(|id| known.iter().any(|row| row.id == id));
    let depths = store::deliveries::depths(app.db().read(), &scope, false).await?;
    let waiting = depths.iter().map(|depth| depth.deliveries.unsigned_abs()).sum();
    let oldest = depths.iter().filter_map(|depth| depth.oldest).min();
    let age = oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0).unsigned_abs());
    app.webhooks().set_depth(waiting, age);
    reload(app).await?;
    Ok(swept)
}

async fn rounds(app: &App, work: impl AsyncFn(&Tx) -> Result<u64, store::Error>) -> Result<u64, Error> {
    let mut all = 0;
    for _ in 0..ROUNDS {
        let some = app.db().write::<_, Error, _>(async |tx| Ok(work(tx).await?)).await?;
        all += some;
        if some < BATCH {
            break;
        }
    }
    Ok(all)
}
