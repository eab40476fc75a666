//! A limit is passed: such calls are stopped, and whoever should know is told.

use super::state::Known;
use crate::{
    App, Error,
    audit::{self, Change},
    calls::{Carried, refusal},
    events, mails,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    cause::Cause,
    events::EventKind,
    ids::TenantId,
    money::{Currency, Money},
    velocity::{STOPS_MAX, Span, Stop, Subject, Trip},
};
use serde_json::{Value, json};
use store::velocity::Stop as Row;
use uuid::Uuid;

/// Who makes stops, as the audit says it.
pub(super) const ACTOR: &str = "dialtone:velocity";
/// People of a tenant that are told by mail, at most.
pub(super) const MAILED_MAX: u64 = 20;

/// Stops what passed a limit, in memory at once and then in the database. What is stopped already stays as it is.
pub(super) fn stop(app: &App, carried: &Carried, trip: Trip, now: DateTime<Utc>) {
    let limits = carried.paced.limits;
    let tenant = carried.payer;
    let known = app.velocity().change(|stops| {
        let of_tenant = stops.entry(tenant).or_default();
        of_tenant.retain(|known| known.stop.holds(now));
        let is_stopped = |of: &Subject| of_tenant.iter().any(|known| known.stop.of == *of);
        // Somebody who trips everywhere is stopped as a whole.
        let of = if of_tenant.len() >= STOPS_MAX { Subject::Tenant } else { trip.of };
        if is_stopped(&of) {
            return None;
        }
        let until = limits.release(now);
        let (span, spent_micros, limit_micros) = (trip.span, trip.spent_micros, trip.limit_micros);
        let stop = Stop { of, span, spent_micros, limit_micros, since: now, until };
        let known = Known { id: Uuid::now_v7(), stop, ends_calls: limits.ends_calls, is_written: false };
        of_tenant.push(known.clone());
        Some(known)
    });
    let Some(known) = known else { return };
    app.velocity().count();
    let currency = carried.quote.currency;
    let what = known.stop.of.says();
    tracing::warn!(tenant = %tenant.0, what, "spending is stopped: a limit was passed");
    end_calls(app, tenant, &known);
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = write_down(&app, tenant, &known, currency).await {
            // It holds in memory; the next look at the stops tries again.
            tracing::error!(%error, "a stop could not be written down");
        }
    });
}

/// Ends the calls of this node that a stop is about, where it says so. Emergency calls go on.
pub(super) fn end_calls(app: &App, tenant: TenantId, known: &Known) {
    let Some(edge) = app.deps().edge.as_ref().filter(|_| known.ends_calls) else { return };
    for carried in app.calls().of_payer(tenant) {
        if carried.paced.is_stopped_by(&known.stop) {
            let is_told = edge.end(carried.call.0.as_u128(), refusal(Cause::VelocityStop));
            tracing::info!(call = %carried.call, is_told, "a call is ended: its spending is stopped");
        }
    }
}

/// Writes a stop down, with its event, its mail and its row in the audit: once, however often it is tried.
pub(super) async fn write_down(
    app: &App,
    tenant: TenantId,
    known: &Known,
    currency: Currency,
) -> Result<(), Error> {
    let scope = Scope::system("what a tenant spends too fast is stopped");
    let stop = &known.stop;
    let by_operator = is_operators(app, &scope, tenant, stop).await?;
    let row = Row {
        id: known.id,
        tenant_id: tenant.0,
        kind: stop.of.kind().to_owned(),
        value: stop.of.value().to_owned(),
        span: stop.span.word().to_owned(),
        spent_micros: stop.spent_micros,
        limit_micros: stop.limit_micros,
        currency: currency.code().to_owned(),
        ends_calls: known.ends_calls,
        by_operator,
        node: app.settings().node.clone(),
        since: stop.since,
        until: stop.until,
        lifted_at: None,
        lifted_by: None,
    };
    let data = data(known, currency);
    // Not through `Db::write`: the compiler cannot prove that its future may change threads.
    let tx = app.db().begin().await?;
    if store::velocity::insert_stop(&tx, &scope, row).await? {
        let target = known.id.to_string();
        let change = Change {
            actor: ACTOR,
            tenant: Some(tenant),
            what: "velocity.stop",
            target: &target,
            before: Value::Null,
            after: data.clone(),
        };
        audit::record(app, &tx, &scope, change).await?;
        let said = (format!("stop/{target}"), data);
        events::raise(app, &tx, &scope, tenant, EventKind::SpendingStopped, said).await?;
        let (subject, text) = letter(app, stop, currency, by_operator);
        for person in store::users::of_tenant(&tx, &scope, tenant.0, MAILED_MAX).await? {
            mails::plain(app, &tx, &scope, tenant, &person.email, (&subject, &text)).await?;
        }
    }
    tx.commit().await.map_err(store::Error::from)?;
    app.velocity().change(|stops| {
        let of_tenant = stops.get_mut(&tenant).into_iter().flatten();
        of_tenant.filter(|one| one.id == known.id).for_each(|one| one.is_written = true);
    });
    Ok(())
}

/// Whether the limit that was passed is the operator's: then the tenant does not lift the stop itself.
async fn is_operators(app: &App, scope: &Scope, tenant: TenantId, stop: &Stop) -> Result<bool, Error> {
    let row = store::tenants::get(app.db().read(), scope, tenant).await?;
    let Some(row) = row else { return Ok(true) };
    let own = crate::protection::Kept::of(&row)?.own.velocity;
    let pace = match stop.of {
        Subject::Tenant => own.tenant,
        Subject::Destination(_) => own.destination,
        Subject::Caller(_) => own.caller,
    };
    let own = match stop.span {
        Span::Hour => pace.per_hour_micros,
        Span::Day => pace.per_day_micros,
    };
    Ok(own != Some(stop.limit_micros))
}

/// A stop, as events and the audit say it.
pub(super) fn data(known: &Known, currency: Currency) -> Value {
    let stop = &known.stop;
    json!({
        "stopId": known.id,
        "of": { "kind": stop.of.kind(), "value": stop.of.value() },
        "span": stop.span,
        "spent": Money::new(stop.spent_micros, currency),
        "limit": Money::new(stop.limit_micros, currency),
        "endsCalls": known.ends_calls,
        "since": stop.since,
        "until": stop.until,
    })
}

fn letter(app: &App, stop: &Stop, currency: Currency, by_operator: bool) -> (String, String) {
    let what = stop.of.says();
    let until = stop.until.map_or_else(
        || "It holds until it is lifted.".to_owned(),
        |until| format!("It ends by itself at {}.", until.format("%Y-%m-%d %H:%M UTC")),
    );
    let who = if by_operator { "The operator can lift it earlier" } else { "You can lift it earlier" };
    let text = format!(
        "New {what} are stopped: {} were spent within {}, and {} is the limit.\n\n{until} {who}: see {}/app/spending\n\n\
         If these calls are not yours, change the passwords of your phones and trunks first.\n",
        Money::new(stop.spent_micros, currency),
        match stop.span {
            Span::Hour => "an hour",
            Span::Day => "a day",
        },
        Money::new(stop.limit_micros, currency),
        app.settings().public_url,
    );
    (format!("Dialtone stopped {what}"), text)
}
