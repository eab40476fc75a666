//! Old history goes.

use crate::{App, Error};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::Scope;
use store::trunk_health;
use uuid::Uuid;

/// Days that a change of health is kept.
const RETENTION_DAYS: i64 = 90;
/// Changes that one run deletes at most.
const BATCH: u64 = 5_000;

/// Deletes the changes of health that are older than 90 days, and says how many; forgets the state of trunks
/// and carriers that are gone or switched off. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let scope = Scope::system("the history of every tenant's trunks grows old");
    let before = now - TimeDelta::days(RETENTION_DAYS);
    let (peers, states) = (app.health().peers(), trunk_health::all(app.db().read(), &scope).await?);
    // Nothing is watched yet in the first second after a start.
    let is_started = app.health().is_following();
    let is_gone = |row: &&trunk_health::Health| is_started && !peers.contains_key(&row.peer_id);
    let gone: Vec<Uuid> = states.iter().filter(is_gone).map(|row| row.peer_id).collect();
    app.db()
        .write::<_, Error, _>(async |tx| {
            for peer in &gone {
                trunk_health::forget(tx, &scope, *peer).await?;
            }
            Ok(trunk_health::sweep(tx, &scope, before, BATCH).await?)
        })
        .await
}
