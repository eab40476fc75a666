//! After a crash: the calls of this node that are still open are closed at a time at which they were up for certain.

use super::settle::{charge, write};
use crate::{App, Error, StartError};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    cause::{Cause, Outcome},
    ids::TenantId,
};
use store::calls::{Call, Closing};

/// Calls that are closed in one transaction.
const CHUNK: usize = 100;

/// Closes the calls that a crash of this node left open, before anything is served. A call that was answered ends at
/// the last heartbeat and is charged up to it, others cost nothing; no hold stays behind.
///
/// # Errors
/// [`StartError`] where the database fails.
pub(crate) async fn recover(app: &App) -> Result<(), StartError> {
    let scope = Scope::system("a crash leaves calls of every tenant");
    let node = &app.settings().node;
    let last = store::heartbeat::last(app.db().read(), &scope, node).await?;
    loop {
        let open = store::calls::live_on(app.db().read(), &scope, node).await?;
        if open.is_empty() {
            break;
        }
        tracing::info!(calls = open.len(), "closing the calls that the last run left open");
        for chunk in open.chunks(CHUNK) {
            app.db().write::<_, Error, _>(async |tx| close(tx, &scope, chunk, last).await).await?;
        }
    }
    super::beat(app).await?;
    Ok(())
}

async fn close(
    tx: &store::Tx,
    scope: &Scope,
    calls: &[Call],
    last: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    for call in calls {
        let payer = call.tenant.unwrap_or(TenantId(uuid::Uuid::nil()));
        write(tx, scope, payer, call.currency(), &closing(call, last)).await?;
    }
    Ok(())
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
        callee_outcome: outcome.clone(),
        outcome,
        charges,
        total_micros,
        callee_trunk: None,
    }
}
