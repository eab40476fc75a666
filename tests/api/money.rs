//! Balance and ledger.

use crate::{server, tenant};
use serde_json::json;

#[test]
fn credit_of_the_operator_is_an_entry_and_the_balance_follows() {
    let tenant = tenant("Credited");
    let id = tenant.account["tenant"]["id"].as_str().expect("an id");
    let credit = json!({"amount": {"amountMicros": 2_500_000, "currency": "USD"}, "reason": "welcome"});
    let answer = server().operator().post(&format!("/api/v1/operator/tenants/{id}:credit"), &credit);
    assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.text);
    let entries = tenant.get("/api/v1/ledger").expect(200).body;
    assert_eq!(entries["value"][0]["kind"], "credit");
    assert_eq!(entries["value"][0]["amount"]["amountMicros"], 2_500_000);
    assert_eq!(entries["value"][0]["balanceAfter"]["amountMicros"], 12_500_000);
    assert_eq!(tenant.get("/api/v1/balance").expect(200).body["available"]["amountMicros"], 12_500_000);
}

#[test]
fn another_currency_and_a_float_are_refused_by_name() {
    let tenant = tenant("Wrong Money");
    let id = tenant.account["tenant"]["id"].as_str().expect("an id");
    let credit = |amount| {
        let body = json!({"amount": amount, "reason": "test"});
        server().operator().post(&format!("/api/v1/operator/tenants/{id}:credit"), &body)
    };
    assert_eq!(credit(json!({"amountMicros": 1.5, "currency": "USD"})).status, 400);
    assert_eq!(credit(json!({"amountMicros": 1, "currency": "EUR"})).status, 400);
}
