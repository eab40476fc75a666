//! A rehearsal at work: attempts are read in their order, some at a time, and compared off the threads that others wait for.

use super::{ATTEMPTS_MAX, Against, Draft, worlds::Worlds};
use crate::{App, Error, snapshot::load::read};
use domain::{
    access::Scope,
    ids::{CallId, TenantId},
    rehearsal::{Attempted, Figures, Tally, Unreplayed},
};
use serde_json::Value;
use store::{
    calls::{Call, CallState, StoredDecision},
    rehearsals::{self, Rehearsal},
};

/// Attempts that are read at a time.
const BATCH: u64 = 500;

/// How a run ends.
enum Ended {
    With(Box<Figures>),
    /// Somebody ended it, or the program ends.
    Early,
}

/// Runs the rehearsal whose turn it is, where there is one. Whether one was run.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn run_next(app: &App) -> Result<bool, Error> {
    let scope = Scope::system("rehearsals of all tenants are run one after the other");
    let node = app.settings().node.as_str();
    if app.rehearsals().is_stopping() {
        return Ok(false);
    }
    if app.rehearsals().is_first() {
        app.db().write::<_, Error, _>(async |tx| Ok(rehearsals::give_back(tx, &scope, node).await?)).await?;
    }
    let now = app.now();
    let claimed =
        app.db().write::<_, Error, _>(async |tx| Ok(rehearsals::claim(tx, &scope, node, now).await?)).await?;
    let Some(row) = claimed else { return Ok(false) };
    let looked_at = std::cell::Cell::new(0_u64);
    let ended = work(app, &scope, &row, &looked_at).await;
    let over = |state: &str, figures, failure| Rehearsal {
        state: state.to_owned(),
        looked_at: i64::try_from(looked_at.get()).unwrap_or(i64::MAX),
        figures,
        failure,
        ended_at: Some(app.now()),
        ..row.clone()
    };
    let over = match ended {
        Ok(Ended::With(figures)) => {
            let figures = serde_json::to_value(&figures).map_err(Error::internal)?;
            over(rehearsals::DONE, Some(figures), None)
        }
        Ok(Ended::Early) => {
            if app.rehearsals().is_stopping() {
                app.db()
                    .write::<_, Error, _>(async |tx| Ok(rehearsals::give_back(tx, &scope, node).await?))
                    .await?;
            }
            return Ok(true);
        }
        Err(Error::Internal(cause)) => {
            tracing::error!(rehearsal = %row.id, cause, "a rehearsal failed");
            let text = "it failed here, and was logged: begin it again".to_owned();
            over(rehearsals::FAILED, None, Some(text))
        }
        Err(error) => over(rehearsals::FAILED, None, Some(error.to_string())),
    };
    app.db().write::<_, Error, _>(async |tx| Ok(rehearsals::finish(tx, &scope, over.clone()).await?)).await?;
    Ok(true)
}

/// Has a run come to its end soon: it waits for its turn again. For the end of the program.
pub fn stop(app: &App) {
    app.rehearsals().set_stopping();
}

async fn work(
    app: &App,
    scope: &Scope,
    row: &Rehearsal,
    looked_at: &std::cell::Cell<u64>,
) -> Result<Ended, Error> {
    let draft: Draft = read("rehearsals.draft", row.draft.clone())?;
    let against: Against = read("rehearsals.against", Value::String(row.against.clone()))?;
    let viewer = row.tenant_id.map(TenantId);
    let calls_of = match (&draft, viewer) {
        (_, Some(tenant)) => scope.narrow(tenant)?,
        (Draft::Routes { tenant, .. }, None) => scope.narrow(*tenant)?,
        _ => scope.clone(),
    };
    let mut worlds = Worlds::new(app, scope, draft, against).await?;
    let (mut tally, mut after): (_, Option<CallId>) = (Tally::new(viewer), None);
    loop {
        if app.rehearsals().is_stopping() {
            return Ok(Ended::Early);
        }
        let size = BATCH.min(ATTEMPTS_MAX.saturating_sub(tally.attempts()));
        let period = (row.since, row.until);
        let some = store::calls::attempts(app.db().read(), &calls_of, period, after, size.max(1)).await?;
        let Some((last, _)) = some.last().filter(|_| size > 0) else {
            let complete = some.is_empty();
            return Ok(Ended::With(Box::new(tally.finish(complete))));
        };
        after = Some(last.id);
        let attempts = sorted(some, &mut tally);
        worlds.read(app, &attempts).await?;
        (worlds, tally) = tokio::task::spawn_blocking(move || {
            for attempt in &attempts {
                match worlds.rehearse(attempt) {
                    Ok(compared) => tally.add(&compared),
                    Err(why) => tally.leave_out(attempt.call, why),
                }
            }
            (worlds, tally)
        })
        .await
        .map_err(Error::internal)?;
        looked_at.set(tally.attempts());
        let done = i64::try_from(tally.attempts()).unwrap_or(i64::MAX);
        let goes_on = app
            .db()
            .write::<_, Error, _>(async |tx| Ok(rehearsals::progress(tx, scope, row.id, done).await?))
            .await?;
        if !goes_on {
            return Ok(Ended::Early);
        }
    }
}

/// Those that can be decided again; the others are left out.
fn sorted(some: Vec<(Call, Option<StoredDecision>)>, tally: &mut Tally) -> Vec<Attempted> {
    let mut attempts = Vec::with_capacity(some.len());
    for (call, stored) in some {
        match stored {
            _ if call.state == CallState::Live => tally.leave_out(call.id, Unreplayed::Live),
            None => tally.leave_out(call.id, Unreplayed::Undecided),
            Some(stored) => attempts.push(Attempted {
                call: call.id,
                tenant: call.tenant,
                answered_ms: call.answered_at.map(|_| call.duration_ms.min(call.funded_ms)),
                took: call.callee_trunk,
                facts: stored.facts,
                funds: stored.funds,
                decision: stored.decision,
            }),
        }
    }
    attempts
}
