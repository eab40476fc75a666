//! Tenants that are below their rule's threshold get a top-up.

use super::{ACTOR, PAUSE_MINUTES, hook::Kept, rule::Rule, scope, view::TopUpView};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use chrono::{DateTime, Duration, Utc};
use domain::{access::Scope, ids::TenantId};
use serde_json::Value;
use store::{
    Tx,
    top_ups::{self, FAILED, REFUSED, TopUp},
};
use uuid::Uuid;

/// Rules that are read at a time.
const RULES: u64 = 200;
/// Top-ups of a tenant that are looked back at: more than a rule and its pauses allow in a day.
const PAST_MAX: u64 = 200;
/// The status of a tenant whose account is topped up.
const ACTIVE: &str = "active";

/// Writes a top-up down for each tenant that is to have one.
pub(super) async fn look(app: &App, now: DateTime<Utc>) -> Result<(), Error> {
    if !Kept::read(app.db().read()).await?.enabled {
        return Ok(());
    }
    let (scope, mut after) = (scope(), None);
    loop {
        let rules = top_ups::low(app.db().read(), &scope, after, RULES).await?;
        let Some(last) = rules.last() else { return Ok(()) };
        after = Some(last.tenant_id);
        for rule in &rules {
            request(app, &scope, TenantId(rule.tenant_id), now).await?;
        }
    }
}

/// Writes a top-up of a tenant down, where its rule still says so.
async fn request(app: &App, scope: &Scope, tenant: TenantId, now: DateTime<Utc>) -> Result<(), Error> {
    let done = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let Some(row) = wanted(tx, scope, tenant, now).await? else { return Ok(()) };
            top_ups::insert(tx, scope, row.clone()).await?;
            let view = TopUpView::of(row)?;
            let change = Change {
                actor: ACTOR,
                tenant: Some(tenant),
                what: "topUp.request",
                target: &view.id.to_string(),
                before: Value::Null,
                after: seen(&view),
            };
            audit::record(app, tx, scope, change).await
        })
        .await;
    match done {
        // Another node was quicker.
        Err(Error::Conflict { .. }) => Ok(()),
        done => done,
    }
}

/// The top-up that a tenant is to have; its account is locked, so that what is counted stays true.
async fn wanted(
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Option<TopUp>, Error> {
    let Some(account) = store::ledger::lock_account(tx, scope, tenant).await? else { return Ok(None) };
    let Some(row) = top_ups::rule(tx, scope, tenant).await? else { return Ok(None) };
    let status = store::tenants::get(tx, scope, tenant).await?.map(|tenant| tenant.status);
    let rule = Rule::of(&row)?;
    let is_low = account.available_micros() < rule.threshold.micros;
    let is_usable = rule.enabled && rule.amount.currency == account.currency;
    if !is_low || !is_usable || status.as_deref() != Some(ACTIVE) {
        return Ok(None);
    }
    let day = now - Duration::hours(24);
    let past = top_ups::since(tx, scope, tenant, day, PAST_MAX).await?;
    Ok(allows(&rule, &past, now).then(|| TopUp {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        amount_micros: rule.amount.micros,
        currency: account.currency.code().to_owned(),
        state: top_ups::REQUESTED.to_owned(),
        attempts: 0,
        next_at: now,
        reference: None,
        problem: None,
        created_at: now,
        ended_at: None,
    }))
}

/// Whether a rule allows one more beside those of the last 24 hours.
fn allows(rule: &Rule, past: &[TopUp], now: DateTime<Utc>) -> bool {
    let is_lost = |row: &&TopUp| row.state == FAILED || row.state == REFUSED;
    let pause = now - Duration::minutes(PAUSE_MINUTES);
    let is_open = past.iter().any(|row| row.ended_at.is_none());
    if is_open || past.iter().filter(is_lost).any(|row| row.ended_at.is_some_and(|at| at > pause)) {
        return false;
    }
    let counted: Vec<i64> = past.iter().filter(|row| !is_lost(row)).map(|row| row.amount_micros).collect();
    let sum = counted.iter().fold(rule.amount.micros, |sum, micros| sum.saturating_add(*micros));
    counted.len() < rule.daily_count as usize && rule.daily_amount.is_none_or(|most| sum <= most.micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::{Currency, Money};

    fn past(state: &str, minutes: i64, now: DateTime<Utc>) -> TopUp {
        let at = now - Duration::minutes(minutes);
        let is_over = ![top_ups::REQUESTED, top_ups::PENDING].contains(&state);
        TopUp {
            id: Uuid::now_v7(),
            tenant_id: Uuid::nil(),
            amount_micros: 10,
            currency: "USD".into(),
            state: state.into(),
            attempts: 1,
            next_at: at,
            reference: None,
            problem: None,
            created_at: at,
            ended_at: is_over.then_some(at),
        }
    }

    #[test]
    fn a_rule_is_bounded_by_number_and_sum_and_rests_after_a_refusal() {
        let now = DateTime::from_timestamp(1_795_371_672, 0).unwrap_or_default();
        let usd = |micros| Money::new(micros, Currency::USD);
        let rule =
            Rule { enabled: true, threshold: usd(5), amount: usd(10), daily_count: 2, daily_amount: None };
        let some = |states: &[(&str, i64)]| -> Vec<TopUp> {
            states.iter().map(|(state, minutes)| past(state, *minutes, now)).collect()
        };
        assert!(allows(&rule, &[], now));
        assert!(allows(&rule, &some(&[("paid", 1)]), now));
        assert!(!allows(&rule, &some(&[("paid", 1), ("paid", 900)]), now), "two are enough");
        for open in ["requested", "pending"] {
            assert!(!allows(&rule, &some(&[(open, 1)]), now), "one at a time");
        }
        for lost in ["refused", "failed"] {
            assert!(!allows(&rule, &some(&[(lost, PAUSE_MINUTES - 1)]), now), "it rests");
            assert!(allows(&rule, &some(&[(lost, PAUSE_MINUTES), (lost, 900), ("paid", 3)]), now));
        }
        let summed = Rule { daily_count: 9, daily_amount: Some(usd(25)), ..rule };
        assert!(allows(&summed, &some(&[("paid", 1)]), now));
        assert!(!allows(&summed, &some(&[("paid", 1), ("paid", 2)]), now), "a third is more than 25");
    }
}
