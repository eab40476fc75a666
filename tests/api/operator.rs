//! What only the operator may do.

use crate::{VERSION, server, tenant};
use serde_json::json;

#[test]
fn a_tenant_is_no_operator_and_does_not_learn_that_there_is_one() {
    let tenant = tenant("No Operator");
    for path in ["/api/v1/operator/tenants", "/api/v1/operator/carriers"] {
        let answer = tenant.get(path);
        assert!(matches!(answer.status, 403 | 404), "{path}: {}", answer.status);
    }
}

#[test]
fn a_suspended_tenant_is_refused_by_name_in_a_simulation() {
    let tenant = tenant("Suspended Soon");
    let id = tenant.account["tenant"]["id"].as_str().expect("an id");
    let _ = server()
        .operator()
        .patch(
            &format!("/api/v1/operator/tenants/{id}"),
            &json!({"limits": {"callsPerSecond": 5, "maxCalls": 7}}),
        )
        .expect(200);
    assert_eq!(
        tenant.get("/api/v1/tenant").expect(200).body["limits"],
        json!({"callsPerSecond": 5, "maxCalls": 7})
    );
    let made = json!({"organization": "Made By Operator", "email": "made@tenant.test", "password": "a long enough password"});
    let made = server().operator().post("/api/v1/operator/tenants", &made).expect(201).body;
    assert!(made["connectionString"].is_string());
}

#[test]
fn a_number_of_the_operators_inventory_can_be_bought() {
    let number = json!({"e164": "+37061234567", "type": "mobile", "country": "LT", "capabilities": {"calling": "inbound+outbound", "sms": "none"},
        "carrier": "sandbox", "monthly": {"amountMicros": 1_500_000, "currency": "USD"}});
    let answer = server().operator().post("/api/v1/operator/inventory", &json!({"numbers": [number]}));
    assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.text);
    let tenant = tenant("Buys Lithuanian");
    assert_eq!(tenant.buy("LT", "mobile"), "+37061234567");
    let listed = tenant.get(&format!("/phoneNumbers?{VERSION}")).expect(200).body;
    assert_eq!(listed["phoneNumbers"][0]["cost"]["amount"], 1.5);
}

#[test]
fn a_change_of_a_tenant_is_made_whole_or_not_at_all() {
    let tenant = server().tenant("Whole Change");
    let operator = server().operator();
    let id = tenant.get("/api/v1/tenant").expect(200).body["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/operator/tenants/{id}");
    let before = operator.get(&path).expect(200).body;
    let change = |per_second: u32| {
        json!({"country": "SE", "agreement": "enterprise", "protection": {"mayOpenHighRisk": false},
            "limits": {"callsPerSecond": per_second}})
    };
    let _ = operator.patch(&path, &change(1_000_000)).expect(400);
    assert_eq!(operator.get(&path).expect(200).body, before, "one part is wrong: nothing was changed");
    let after = operator.patch(&path, &change(7)).expect(200).body;
    assert_eq!((after["country"].as_str(), after["agreement"].as_str()), (Some("SE"), Some("enterprise")));
    assert_eq!(after["protection"]["mayOpenHighRisk"], false);
    assert_eq!(after["limits"]["callsPerSecond"], 7);
}

#[test]
fn amounts_in_a_currency_that_cannot_be_compared_are_refused_by_their_field() {
    let operator = server().operator();
    let cost = |amount: i64, currency: &str| json!({"amountMicros": amount, "currency": currency});
    let carrier = |costs: [serde_json::Value; 2]| {
        let [first, second] = costs;
        json!({"name": "currencies", "hosts": [{"address": "192.0.2.77"}],
            "prefixes": [{"prefix": "46", "costPerMinute": first}, {"prefix": "47", "costPerMinute": second}]})
    };
    for (costs, target) in [
        ([cost(5_000, "EUR"), cost(5_000, "EUR")], "prefixes[0].costPerMinute"),
        ([cost(5_000, "USD"), cost(5_000, "EUR")], "prefixes[1].costPerMinute"),
    ] {
        let refused = operator.post("/api/v1/operator/carriers", &carrier(costs)).expect(400);
        assert_eq!(refused.body["error"]["target"], target, "{}", refused.text);
        assert!(refused.text.contains("in USD"), "{}", refused.text);
    }
    let tenant = server().tenant("Foreign Money");
    let made = json!({"trunks": {"sbc.foreign-money.test": {"sipSignalingPort": 5060}}});
    let _ = tenant.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let path = "/api/v1/trunks/sbc.foreign-money.test";
    let refused = tenant.patch(path, &json!({"maxCallCost": cost(1_000_000, "EUR")})).expect(400);
    assert_eq!(refused.body["error"]["target"], "maxCallCost", "{}", refused.text);
    let kept = tenant.patch(path, &json!({"maxCallCost": cost(1_000_000, "USD")})).expect(200);
    assert_eq!(kept.body["maxCallCost"], cost(1_000_000, "USD"));
}
