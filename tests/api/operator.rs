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
