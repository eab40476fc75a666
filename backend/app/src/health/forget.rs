//! Old history goes.

use crate::{App, Error};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::Scope;

/// Days that a change of health is kept.
const RETENTION_DAYS: i64 = 90;
/// Changes that one run deletes at most.
const BATCH: u64 = 5_000;

/// Deletes the changes of health that are older than 90 days, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let scope = Scope::system("the history of every tenant's trunks grows old");
    let before = now - TimeDelta::days(RETENTION_DAYS);
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::trunk_health::sweep(tx, &scope, before, BATCH).await?))
        .await
}
