//! What is not needed any more is forgotten: papers, account numbers, codes, names and addresses.

use crate::{App, Error};
use chrono::{DateTime, Duration, Utc};
use domain::access::Scope;

/// Days that papers and details are kept after a request came to its end.
pub const FORGET_DAYS: i64 = 180;
/// Requests of one transaction.
const BATCH: u64 = 100;
/// Such transactions in one run; the next run goes on.
const ROUNDS: usize = 20;

/// Takes away papers and details of requests that came to their end long ago, and says of how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn forget(app: &App) -> Result<u64, Error> {
    forget_at(app, app.now()).await
}

/// [`forget`] as of a time.
///
/// # Errors
/// As there.
pub async fn forget_at(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let scope = Scope::system("papers of all tenants grow old");
    let before = now - Duration::days(FORGET_DAYS);
    let mut all = 0;
    for _ in 0..ROUNDS {
        let due = store::porting::to_forget(app.db().read(), &scope, before, BATCH).await?;
        if due.is_empty() {
            break;
        }
        app.db().write::<_, Error, _>(async |tx| Ok(store::porting::forget(tx, &scope, &due).await?)).await?;
        all += due.len() as u64;
    }
    Ok(all)
}
