//! The end of traces: they are deleted when they are old enough.

use crate::{App, Error};
use chrono::{DateTime, Duration, Utc};
use domain::access::Scope;

/// Traces deleted in one transaction.
const SWEEP_BATCH: u64 = 500;
/// Transactions of one sweep.
const SWEEP_ROUNDS: u32 = 40;
/// How often the end of the writing is looked for.
const LOOK: std::time::Duration = std::time::Duration::from_millis(50);

/// Deletes traces that are older than they are kept, and says how many.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep_traces(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let scope = Scope::system("traces of all tenants' calls grow old");
    let before = now - Duration::days(i64::from(app.settings().trace_days));
    let mut all = 0;
    for _ in 0..SWEEP_ROUNDS {
        let sweep = async |tx: &store::Tx| store::calls::sweep_traces(tx, &scope, before, SWEEP_BATCH).await;
        let some = app.db().write::<_, store::Error, _>(sweep).await?;
        all += some;
        if some < SWEEP_BATCH {
            break;
        }
    }
    Ok(all)
}

/// Waits until all traces that were handed in are written, `patience` at most: for the end of the program.
pub async fn traces_written(app: &App, patience: std::time::Duration) {
    let wait = async {
        while app.calls().traces.count() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    // What is not written by then is lost, and is evidence alone.
    let _ = tokio::time::timeout(patience, wait).await;
}
