//! Drafts are tried on the calls that were made: by the operator with what carriers ask, by a tenant without; then they are
//! applied, scheduled and taken back.

use crate::BINARY;
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::{Client, Server};

const PATIENCE: Duration = Duration::from_secs(30);

fn usd(micros: i64) -> Value {
    json!({"amountMicros": micros, "currency": "USD"})
}

fn period() -> Value {
    let now = chrono::Utc::now();
    json!({"since": now - chrono::TimeDelta::hours(1), "until": now + chrono::TimeDelta::minutes(1)})
}

/// Begins a rehearsal and waits for its end.
fn done(by: &Client, root: &str, more: &Value) -> (String, Value) {
    let mut new = period();
    for (name, value) in more.as_object().expect("an object") {
        new[name] = value.clone();
    }
    let made = by.post(root, &new).expect(202);
    let path = format!("{root}/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(made.header("location"), Some(path.as_str()));
    let done = by.wait(&path, PATIENCE, |now| now["state"] == "done");
    (path, done)
}

/// A call from the network that is forwarded, and ends.
fn call(tenant: &Client) -> Value {
    let number = tenant.buy("US", "geographic");
    let path = format!("/api/v1/numbers/{}", number.replace('+', "%2B"));
    let forward = json!({"inbound": {"kind": "forward", "target": "+12065550103"}});
    let _ = tenant.patch(&path, &forward).expect(200);
    let placed = tenant.post("/api/v1/sandbox/calls", &json!({"from": "+12065550142", "to": number}));
    let id = placed.expect(201).body["callId"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/calls/{id}");
    let _ = tenant.wait(&path, PATIENCE, |call| call["answeredAt"].is_string());
    let _ = tenant.delete(&path);
    tenant.wait(&path, PATIENCE, |call| call["state"] == "ended")
}

#[test]
fn a_draft_is_tried_on_what_was_called_applied_and_rolled_back() {
    // The prices of the first plan change here, and all calls of the platform are looked at.
    let server = Server::start(BINARY, Ipv4Addr::new(127, 20, 61, 1));
    let (operator, tenant) = (server.operator(), server.tenant("Rehearsed"));
    let call = call(&tenant);
    let charged = call["total"]["amountMicros"].as_i64().expect("an amount");
    let root = "/api/v1/operator/rehearsals";
    let plans = operator.get("/api/v1/operator/pricePlans").expect(200).body;
    let plan = plans["value"][0]["id"].as_str().expect("an id").to_owned();

    let same = json!({"draft": {"pricePlan": {"id": plan, "change": {}}}});
    let (_, found) = done(&operator, root, &same);
    let result = &found["result"];
    assert_eq!(
        (result["attempts"].as_u64(), result["counts"]["same"].as_u64()),
        (Some(1), Some(1)),
        "{found}"
    );
    assert_eq!(
        (&result["money"][0]["revenueBefore"], &result["money"][0]["revenueAfter"]),
        (&usd(charged), &usd(charged))
    );

    let change = json!({"terms": [{"kinds": ["inbound"], "connectionFee": usd(50_000)}]});
    let dear = json!({"draft": {"pricePlan": {"id": plan, "change": change}}});
    let (path, found) = done(&operator, root, &dear);
    let result = &found["result"];
    assert_eq!(result["counts"]["repriced"], 1, "{found}");
    assert_eq!(result["money"][0]["revenueAfter"], usd(charged + 50_000));
    assert_eq!(result["money"][0]["marginAfter"], usd(charged + 50_000));
    assert_eq!(result["differences"][0]["callId"], call["id"]);
    assert_eq!(result["unknown"][0]["what"], "balance");
    let before = operator.get(&format!("/api/v1/operator/pricePlans/{plan}")).expect(200).body;
    let applied = operator.post(&format!("{path}:apply?confirm=belowCost"), &json!({})).expect(200).body;
    assert_eq!(applied["draftState"], "applied");
    let after = operator.get(&format!("/api/v1/operator/pricePlans/{plan}")).expect(200).body;
    assert_eq!(after["terms"][0]["connectionFee"], usd(50_000));
    let back = operator.post(&format!("{path}:rollback?confirm=belowCost"), &json!({})).expect(200).body;
    assert_eq!(back["draftState"], "rolledBack");
    let now = operator.get(&format!("/api/v1/operator/pricePlans/{plan}")).expect(200).body;
    assert_eq!(now["terms"], before["terms"]);

    // A tenant tries its own routes, and sees no costs.
    let _ = tenant.post(root, &json!({})).expect(404);
    let (own, found) = done(&tenant, "/api/v1/rehearsals", &json!({"routes": [], "against": "today"}));
    assert_eq!(found["result"]["counts"]["same"], 1, "{found}");
    assert_eq!(found["result"]["money"][0]["costBefore"], Value::Null);
    let _ = operator.get(&own.replace("/api/v1/", "/api/v1/operator/")).expect(404);
    let nowhere = json!({"name": "x", "numberPattern": "^\\+", "targets": ["none.test"]});
    let mut new = period();
    new["routes"] = json!([nowhere]);
    assert_eq!(
        tenant.post("/api/v1/rehearsals", &new).expect(400).body["error"]["target"],
        "routes.0.targets.0"
    );
    let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(1))
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let waits = tenant.post(&format!("{own}:apply?effectiveAt={soon}"), &json!({})).expect(200).body;
    assert_eq!(waits["draftState"], "scheduled");
    let _ = tenant.wait(&own, PATIENCE, |now| now["draftState"] == "applied");
    let _ = tenant.delete(&own).expect(204);
    let _ = tenant.get(&own).expect(404);
}

#[test]
fn a_carrier_by_whose_costs_a_plan_sells_below_them_asks_first() {
    let server = Server::start(BINARY, Ipv4Addr::new(127, 20, 61, 2));
    let operator = server.operator();
    let carrier = |micros: i64| {
        json!({"name": "dear", "hosts": [{"address": "192.0.2.79"}], "callerId": "any",
            "limits": {"maxCalls": 10, "callsPerSecond": 10},
            "prefixes": [{"prefix": "9977", "costPerMinute": usd(micros)}]})
    };
    let root = "/api/v1/operator/carriers";
    let refused = operator.post(root, &carrier(900_000_000)).expect(409).body;
    assert_eq!(
        (refused["error"]["code"].as_str(), refused["error"]["target"].as_str()),
        (Some("BelowCost"), Some("confirm"))
    );
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.contains("+9977") && message.contains("dear asks 900"), "{message}");
    let made = operator.post(root, &carrier(1)).expect(201).body;
    let path = format!("{root}/{}", made["id"].as_str().expect("an id"));
    let dearer = json!({"prefixes": [{"prefix": "9977", "costPerMinute": usd(900_000_000)}]});
    let _ = operator.patch(&path, &dearer).expect(409);
    let _ = operator.patch(&format!("{path}?confirm=yes"), &dearer).expect(400);
    let _ = operator.patch(&format!("{path}?confirm=belowCost"), &dearer).expect(200);
    let _ = operator.patch(&path, &json!({"quality": 7})).expect(200);
}
