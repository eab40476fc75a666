//! A carrier's bill is compared with the calls that were sent to it.

use super::bill;
use crate::{
    App, Error,
    audit::{self, Change},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    cause::Direction,
    decision::Target,
    ids::{CallId, CarrierId},
    money::{Currency, Money, divide_rounding_half_up},
    phone::E164,
    reconciliation::{BillRow, OurCall, Pair, Tolerance, reconcile},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::calls::{Call, CallFilter, CallState};

/// Calls that are looked at for one bill, at most.
const CALLS_MAX: usize = 200_000;
/// Calls that are read at a time.
const BATCH: u64 = 500;
/// Rows of each kind that are told of at most; all are counted.
pub const TOLD_MAX: usize = 200;
/// The longest ring before an answer: bills may say either.
const RING: Duration = Duration::minutes(3);

/// What a bill and our records say of each other.
#[derive(Debug, Clone)]
pub struct BillView {
    /// The carrier.
    pub carrier: String,
    /// Its currency.
    pub currency: Currency,
    /// Rows and calls that are the same, and agree.
    pub matched: u64,
    /// What is asked for in all rows.
    pub billed: Money,
    /// What the calls that are on the bill should cost.
    pub expected: Money,
    /// How many calls are not on the bill.
    pub missing_count: u64,
    /// Some of them.
    pub missing: Vec<OurCall<CallId>>,
    /// How many rows are no call of ours.
    pub extra_count: u64,
    /// Some of them.
    pub extra: Vec<BillRow>,
    /// How many differ in duration or price.
    pub differing_count: u64,
    /// Some of them.
    pub differing: Vec<Pair<CallId>>,
}

/// Compares the bill of a carrier, as CSV, with the calls that were answered over it in the bill's time. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] for a file that is no bill.
pub async fn reconcile_bill(
    app: &App,
    actor: &Actor,
    carrier: CarrierId,
    csv: &str,
    tolerance: Tolerance,
) -> Result<BillView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let live = app.live();
    let carriers = &live.config.platform.value.carriers;
    let missing = || Error::not_found("carrier", "there is no such carrier");
    let known = carriers.iter().find(|known| known.id == carrier).ok_or_else(missing)?;
    let rows = bill::rows(csv)?;
    let times = rows.iter().map(|row| row.at_ms);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
        return Err(Error::invalid("body", "this bill has no rows"));
    };
    let at = |ms: i64| DateTime::<Utc>::from_timestamp_millis(ms);
    let (Some(first), Some(last)) = (at(first - tolerance.time_ms), at(last + tolerance.time_ms)) else {
        return Err(Error::invalid("body", "the times of this bill are none"));
    };
    let (calls, sure) = sent(app, &scope, carrier, (first - RING, last)).await?;
    let billed: i64 =
        rows.iter().fold(0, |sum, row| sum.saturating_add(row.price_micros.unwrap_or_default()));
    let mut done = reconcile(calls, rows, tolerance);
    // A call that another carrier may have taken is not missed on this bill, nor one from before its time.
    done.missing.retain(|call| {
        sure.get(&call.id).copied().unwrap_or_default() && call.at_ms >= first.timestamp_millis()
    });
    let money = |micros| Money::new(micros, known.currency);
    let expected =
        done.pairs.iter().filter_map(|pair| pair.call.cost_micros).fold(0_i64, i64::saturating_add);
    let (differing, same): (Vec<_>, Vec<_>) =
        done.pairs.into_iter().partition(|pair| pair.duration_differs || pair.price_differs);
    let view = BillView {
        carrier: known.name.clone(),
        currency: known.currency,
        matched: same.len() as u64,
        billed: money(billed),
        expected: money(expected),
        missing_count: done.missing.len() as u64,
        missing: done.missing.into_iter().take(TOLD_MAX).collect(),
        extra_count: done.extra.len() as u64,
        extra: done.extra.into_iter().take(TOLD_MAX).collect(),
        differing_count: differing.len() as u64,
        differing: differing.into_iter().take(TOLD_MAX).collect(),
    };
    noted(app, &scope, actor, &view).await?;
    Ok(view)
}

async fn noted(app: &App, scope: &Scope, actor: &Actor, view: &BillView) -> Result<(), Error> {
    let after = json!({ "matched": view.matched, "missing": view.missing_count, "extra": view.extra_count,
        "differing": view.differing_count, "billed": view.billed, "expected": view.expected });
    let change = Change {
        actor: &actor.name,
        tenant: None,
        what: "carrier.reconcile",
        target: &view.carrier,
        before: Value::Null,
        after,
    };
    audit::note(app, scope, change).await
}

/// The calls that were answered and may have gone over a carrier, and of each whether no other can have taken it.
async fn sent(
    app: &App,
    scope: &Scope,
    carrier: CarrierId,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Vec<OurCall<CallId>>, HashMap<CallId, bool>), Error> {
    let filter = CallFilter {
        since: Some(since),
        until: Some(until),
        state: Some(CallState::Ended),
        ..CallFilter::default()
    };
    let (mut calls, mut sure, mut after, mut seen) = (Vec::new(), HashMap::new(), None, 0);
    loop {
        let some = store::calls::list(app.db().read(), scope, &filter, after, BATCH).await?;
        let Some(last) = some.last() else { return Ok((calls, sure)) };
        (after, seen) = (Some(last.id), seen + some.len());
        if seen > CALLS_MAX {
            let message = format!("{CALLS_MAX} calls were made in its time at least: send the bill in parts");
            return Err(Error::invalid("body", message));
        }
        let is_sent = |call: &&Call| {
            call.answered_at.is_some() && call.payer_call.is_none() && call.direction == Direction::Outbound
        };
        for call in some.iter().filter(is_sent) {
            let decision = store::calls::decision(app.db().read(), scope, call.id).await?;
            let Some(decision) = decision else { continue };
            let targets: Vec<_> = decision.decision.plan.iter().map(|attempt| &attempt.target).collect();
            let is_it =
                |target: &&Target| matches!(target, Target::Carrier { carrier: id, .. } if *id == carrier);
            if let Some(attempt) = decision.decision.plan.iter().find(|attempt| is_it(&&attempt.target)) {
                sure.insert(call.id, targets.iter().all(is_it));
                calls.extend(ours(app, carrier, call, &attempt.callee));
            }
        }
    }
}

fn ours(app: &App, carrier: CarrierId, call: &Call, callee: &str) -> Option<OurCall<CallId>> {
    let number = E164::parse(callee).or_else(|_| E164::parse(&call.to)).ok();
    let digits = callee.chars().filter(char::is_ascii_digit).collect::<String>();
    let duration_ms = i64::try_from(call.duration_ms).ok()?;
    let cost = number.and_then(|number| cost_per_minute(app, carrier, number));
    Some(OurCall {
        id: call.id,
        to: number.map_or(digits, |number| number.to_string().trim_start_matches('+').to_owned()),
        at_ms: call.answered_at?.timestamp_millis(),
        duration_ms,
        cost_micros: cost
            .map(|cost| divide_rounding_half_up(i128::from(cost) * i128::from(duration_ms), 60_000)),
    })
}

/// What a carrier asks for a minute to a number now: of its own prefixes and its deck the longest.
fn cost_per_minute(app: &App, carrier: CarrierId, number: E164) -> Option<i64> {
    let live = app.live();
    let platform = &live.config.platform;
    let is_it = |place: usize| platform.value.carriers.get(place).is_some_and(|known| known.id == carrier);
    let own = platform.prefixes(number).find(|(_, place, _)| is_it(*place));
    let own = own.and_then(|(length, place, at)| {
        let prefix = platform.value.carriers.get(place)?.prefixes.get(at)?;
        Some((length, prefix.cost_per_minute_micros))
    });
    let deck =
        platform.deck_costs(number).find(|(place, ..)| is_it(*place)).map(|(_, length, cost)| (length, cost));
    match (own, deck) {
        (Some(own), Some(deck)) if deck.0 > own.0 => Some(deck.1),
        (Some(own), _) => Some(own.1),
        (None, deck) => deck.map(|(_, cost)| cost),
    }
}
