//! Money on calls: refused without it, ended when it is gone, never below zero.

use crate::{ECHO, PATIENCE, Tenant, assert_charged, dial, server};
use serde_json::json;
use std::time::Duration;

/// Leaves a tenant with just so much.
fn leave(tenant: &Tenant, micros: i64) {
    let id = tenant.api.account["tenant"]["id"].as_str().expect("an id");
    let correction = micros - tenant.available();
    let body =
        json!({"amount": {"amountMicros": correction, "currency": "USD"}, "reason": "correction for a test"});
    let answer = server().operator().post(&format!("/api/v1/operator/tenants/{id}:credit"), &body);
    assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.text);
    assert_eq!(tenant.available(), micros);
}

#[test]
fn a_tenant_without_money_is_refused_with_403_and_told_how_much_is_missing() {
    let mut tenant = Tenant::new("No Money");
    let (phone, account) = tenant.phone("poor", "127.22.4.1");
    leave(&tenant, 16_999);
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    let (status, reason) = call.wait_failed(PATIENCE).expect("it is refused");
    assert_eq!(status, 403);
    assert!(
        reason.as_deref().is_some_and(|text| text.contains("Q.850") && text.contains("balance-too-low")),
        "{reason:?}"
    );
    let record = tenant.record(ECHO);
    assert_eq!(record["outcome"]["cause"], "balance-too-low");
    assert!(record["decision"]["trace"].to_string().contains("0.000001 USD is missing"), "{record}");
    assert_eq!(record["total"]["amountMicros"], 0);
}

/// Has calls of a tenant hold money for three seconds at a time, at the usual prices.
fn hold_three_seconds(tenant: &Tenant) {
    let usd = |micros: i64| json!({"amountMicros": micros, "currency": "USD"});
    let plan = json!({"name": "three seconds", "currency": "USD", "appLeg": usd(4_000), "trunkLeg": usd(0),
        "holdSeconds": 3, "outbound": [{"prefix": "", "perMinute": usd(13_000)}], "inbound": {"geographic": usd(0)}});
    tenant.rate_by(&server().operator(), &plan);
}

#[test]
fn a_call_that_outlasts_its_funds_is_ended_and_the_balance_never_falls_below_zero() {
    let mut tenant = Tenant::new("Runs Out");
    let (phone, account) = tenant.phone("talker", "127.22.4.2");
    hold_three_seconds(&tenant);
    leave(&tenant, 1_420); // the first three seconds take 850; of the next three there are two
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    let _ = call.wait_ended(Duration::from_secs(20)).expect("it is ended");
    let record = tenant.record(ECHO);
    assert_eq!(record["outcome"]["cause"], "out-of-funds", "{record}");
    assert_charged(&record, &[4_000, 13_000]);
    let duration = record["durationMs"].as_i64().expect("ms");
    assert!((4_000..=5_012).contains(&duration), "5.012 s are what the money covers: {duration}");
    let left = tenant.available();
    assert_eq!(left, 1_420 - record["total"]["amountMicros"].as_i64().expect("a total"));
    assert!(left >= 0 && tenant.held() == 0);
}

#[test]
fn parallel_calls_never_spend_the_same_money() {
    let mut tenant = Tenant::new("Parallel");
    let (phone, account) = tenant.phone("crowd", "127.22.4.3");
    leave(&tenant, 5 * 17_000 + 100);
    let calls: Vec<_> = (0..12)
        .map(|_| phone.call(&dial(&account, &tenant.number, "+12065550170")).expect("a call"))
        .collect();
    let ringing: Vec<bool> = calls.iter().map(|call| call.wait_ringing().is_ok()).collect();
    assert_eq!(ringing.iter().filter(|rings| **rings).count(), 5, "{ringing:?}");
    assert_eq!(tenant.held(), 5 * 17_000);
    for (call, _) in calls.iter().zip(ringing).filter(|(_, rings)| *rings) {
        call.hang_up().expect("cancelled");
    }
    let _ = tenant.api.wait("/api/v1/balance", PATIENCE, |balance| balance["held"]["amountMicros"] == 0);
    assert_eq!(tenant.available(), 5 * 17_000 + 100);
}

#[test]
fn the_ledger_has_one_usage_entry_for_each_charged_call_and_none_for_a_failed_one() {
    let mut tenant = Tenant::new("Ledger Of Calls");
    let (phone, account) = tenant.phone("caller", "127.22.4.4");
    let failed = phone.call(&dial(&account, &tenant.number, "+12065550161")).expect("a call");
    let _ = failed.wait_failed(PATIENCE).expect("busy");
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    crate::talk_to_echo(&call, 25);
    let _ = call.bye().expect("it ends");
    let record = tenant.record(ECHO);
    let ledger = tenant.api.get("/api/v1/ledger").expect(200).body;
    let usage: Vec<_> = ledger["value"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["kind"] == "usage")
        .collect();
    assert_eq!(usage.len(), 1, "{ledger}");
    assert_eq!(usage[0]["callId"], record["id"]);
    assert_eq!(
        usage[0]["amount"]["amountMicros"].as_i64(),
        record["total"]["amountMicros"].as_i64().map(|total| -total)
    );
}
