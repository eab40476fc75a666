//! What a start remembers, and what other nodes stopped.

use super::{
    lift::forgive,
    state::{Known, Stops},
    stop::{end_calls, write_down},
};
use crate::{App, Error, StartError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    access::Scope,
    ids::TenantId,
    phone::E164,
    velocity::{self, Limits, Span, Spent, Stop, Subject},
};
use std::collections::HashSet;
use store::velocity::{Lately, Stop as Row};
use uuid::Uuid;

/// Calls of one tenant that a start counts again at most, the newest first.
const REMEMBERED_MAX: u64 = 50_000;
/// A stop that is not in the database after so long is written again.
const WRITE_AGAIN: TimeDelta = TimeDelta::seconds(5);

fn scope() -> Scope {
    Scope::system("the spending of all tenants is watched")
}

/// Reads stops and countries, and counts what was spent in the last day again, from the records of calls. What is missing then: calls
/// beyond the newest [`REMEMBERED_MAX`] of a tenant, and the part of a call's cost that was committed later than when it
/// began counts as of its beginning. A number that a rule of a trunk rewrites counts as it was dialled.
pub(crate) async fn restore(app: &App) -> Result<(), StartError> {
    let scope = scope();
    for (tenant, country, _) in store::velocity::reached(app.db().read(), &scope).await? {
        app.velocity().is_new(tenant, &country);
    }
    let now = app.now();
    let since = now - TimeDelta::hours(25);
    let live = app.live();
    for tenant in live.tenants() {
        let limits = tenant.piece.piece.value.protection.velocity;
        if limits.is_set() {
            count(app, tenant.id(), &limits, since).await?;
        }
    }
    take(app, store::velocity::open_stops(app.db().read(), &scope, now).await?);
    Ok(())
}

async fn count(
    app: &App,
    tenant: TenantId,
    limits: &Limits,
    since: DateTime<Utc>,
) -> Result<(), store::Error> {
    let (scope, on) = (scope(), app.db().read());
    let lifted = store::velocity::lifted_since(on, &scope, tenant, since).await?;
    let calls = store::velocity::lately(on, &scope, tenant, since, REMEMBERED_MAX).await?;
    let mut meters = app.velocity().meters();
    // The oldest first: what was lifted counts from then on.
    let mut lifted = lifted.into_iter().peekable();
    for call in calls.iter().rev() {
        while let Some((kind, value, _)) = lifted.next_if(|(_, _, at)| *at <= call.started_at) {
            Subject::read(&kind, &value).into_iter().for_each(|of| meters.forgive(tenant, &of));
        }
        meters.spend(tenant, limits, spent(call));
    }
    for (kind, value, _) in lifted {
        Subject::read(&kind, &value).into_iter().for_each(|of| meters.forgive(tenant, &of));
    }
    Ok(())
}

fn spent(call: &Lately) -> Spent<'_> {
    let is_outbound = call.direction == "outbound";
    Spent {
        destination: is_outbound.then(|| E164::parse(&call.callee).ok().map(velocity::destination)).flatten(),
        caller: is_outbound.then(|| velocity::caller(call.caller.as_deref())),
        micros: call.total_micros.saturating_add(call.held_micros),
        at: call.started_at.timestamp(),
    }
}

/// Takes over what other nodes stopped and what was lifted, and forgets what is over. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn refresh(app: &App) -> Result<(), Error> {
    let now = app.now();
    let rows = store::velocity::open_stops(app.db().read(), &scope(), now).await?;
    take(app, rows);
    let late = |known: &&Known| !known.is_written && now - known.stop.since > WRITE_AGAIN;
    let unwritten: Vec<(TenantId, Known)> = app
        .velocity()
        .all()
        .iter()
        .flat_map(|(tenant, all)| all.iter().filter(late).map(|known| (*tenant, known.clone())))
        .collect();
    for (tenant, known) in unwritten {
        let live = app.live();
        let plan = live.tenant(tenant).and_then(|tenant| live.config.plan(tenant.piece.piece.value.plan));
        if let Some(plan) = plan {
            write_down(app, tenant, &known, plan.currency).await?;
        }
    }
    Ok(())
}

/// Puts the stops of the database into the place of those that stood there; what is not written yet stays.
fn take(app: &App, rows: Vec<Row>) {
    let now = app.now();
    let (news, gone) = app.velocity().change(|stops| {
        let before: HashSet<Uuid> = stops.values().flatten().map(|known| known.id).collect();
        let mut after = Stops::new();
        let mut news = Vec::new();
        for row in rows {
            let (tenant, id) = (TenantId(row.tenant_id), row.id);
            let Some(known) = read(row) else { continue };
            if !before.contains(&id) {
                news.push((tenant, known.clone()));
            }
            after.entry(tenant).or_default().push(known);
        }
        let mut gone = Vec::new();
        for (tenant, all) in std::mem::take(stops) {
            for known in all.into_iter().filter(|known| known.stop.holds(now)) {
                let of_tenant = after.entry(tenant).or_default();
                match (of_tenant.iter().any(|other| other.id == known.id), known.is_written) {
                    (true, _) => {}
                    (false, false) => of_tenant.push(known),
                    // It was to hold for longer: somebody lifted it.
                    (false, true) => gone.push((tenant, known.stop.of)),
                }
            }
        }
        *stops = after;
        (news, gone)
    });
    gone.iter().for_each(|(tenant, of)| forgive(app, *tenant, of));
    news.iter().for_each(|(tenant, known)| end_calls(app, *tenant, known));
}

fn read(row: Row) -> Option<Known> {
    let stop = Stop {
        of: Subject::read(&row.kind, &row.value)?,
        span: Span::from_word(&row.span)?,
        spent_micros: row.spent_micros,
        limit_micros: row.limit_micros,
        since: row.since,
        until: row.until,
    };
    Some(Known { id: row.id, stop, ends_calls: row.ends_calls, is_written: true })
}
