//! Rate decks: a file, its preview, its confirmation; and what calls cost by it at once.

use crate::{BINARY, tenant};
use serde_json::{Value, json};
use std::{
    net::Ipv4Addr,
    sync::LazyLock,
    time::{Duration, Instant},
};
use testkit::server::{Answer, Client, Server};

/// Prices of the first plan change here: other tests are on another server.
static HERE: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 20, 11, 1)));
/// The Azure sheet's layout.
const SHEET: &str = "Destination Name,Destination Type,Country,Prefix,Price / min\n\
    Sweden,landline,SE,46,0.025\nSweden - Mobile,mobile,SE,467,0.05\n\"Korea, Republic of\",landline,KR,82,0.03\n";

fn made(operator: &Client, name: &str, kind: &str) -> String {
    let new = json!({"name": name, "kind": kind, "currency": "USD"});
    let made = operator.post("/api/v1/operator/rateDecks", &new).expect(201);
    format!("/api/v1/operator/rateDecks/{}", made.body["id"].as_str().expect("an id"))
}

fn upload(operator: &Client, deck: &str, text: &str) -> Answer {
    operator.post_text(&format!("{deck}/versions"), "text/csv", text.to_owned())
}

fn in_force(operator: &Client, deck: &str, text: &str) -> i64 {
    let draft = upload(operator, deck, text).expect(201).body;
    let number = draft["number"].as_i64().expect("a number");
    let confirm = format!("{deck}/versions/{number}:confirm?confirm=belowCost");
    let _ = operator.post(&confirm, &json!({})).expect(200);
    number
}

fn outbound(tenant: &Client, to: &str) -> Value {
    let prices = tenant.get(&format!("/api/v1/prices?to={}", to.replace('+', "%2B"))).expect(200).body;
    let routes = prices["routes"].as_array().expect("routes").clone();
    let carrier = routes.into_iter().find(|route| route["via"] == "carrier").expect("a way over a carrier");
    carrier["lines"][1].clone()
}

#[test]
fn a_file_becomes_a_draft_then_a_version_then_prices_and_an_earlier_one_comes_back() {
    let (operator, tenant) = (HERE.operator(), HERE.tenant("Decked"));
    let deck = made(&operator, "world", "price");
    let draft = upload(&operator, &deck, SHEET).expect(201).body;
    assert_eq!((draft["state"].as_str(), draft["rows"].as_u64()), (Some("draft"), Some(3)));
    assert_eq!(draft["preview"]["changes"]["added"]["count"], 3);
    assert_eq!(operator.get(&deck).expect(200).body["currentVersion"], Value::Null);
    let confirmed = operator.post(&format!("{deck}/versions/1:confirm"), &json!({})).expect(200).body;
    assert_eq!(
        (confirmed["state"].as_str(), confirmed["isCurrent"].as_bool()),
        (Some("applied"), Some(true))
    );

    let plans = operator.get("/api/v1/operator/pricePlans").expect(200).body;
    let plan = format!("/api/v1/operator/pricePlans/{}", plans["value"][0]["id"].as_str().expect("an id"));
    let id = deck.rsplit('/').next().expect("an id");
    let changed = operator.patch(&plan, &json!({"deck": id})).expect(200).body;
    let version = changed["version"].as_str().expect("a version");
    // The plan's own rates are + and +1: longer prefixes of the deck go before them.
    let mobile = outbound(&tenant, "+46701740605");
    assert_eq!(mobile["perMinute"]["amountMicros"], 50_000);
    assert_eq!(mobile["rateVersion"], format!("{version}+world/1"));
    assert_eq!(mobile["description"], "call to +467 Sweden - Mobile");
    assert_eq!(outbound(&tenant, "+4687654321")["perMinute"]["amountMicros"], 25_000);
    assert_eq!(outbound(&tenant, "+12065550100")["perMinute"]["amountMicros"], 13_000);

    // A change is live within a second.
    let begun = Instant::now();
    let next = in_force(&operator, &deck, &SHEET.replace("0.025", "0.125"));
    assert_eq!(outbound(&tenant, "+4687654321")["perMinute"]["amountMicros"], 125_000);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?} with everything around it", begun.elapsed());
    let diff = operator.get(&format!("{deck}/diff?from=1&to={next}")).expect(200).body;
    assert_eq!((diff["changed"]["count"].as_u64(), diff["jumps"]["count"].as_u64()), (Some(1), Some(1)));
    assert_eq!(diff["jumps"]["listed"][0]["prefix"], "46");

    let back = operator.post(&format!("{deck}:rollback"), &json!({"version": 1})).expect(200).body;
    assert_eq!(back["hash"], draft["hash"]);
    assert_eq!(outbound(&tenant, "+4687654321")["perMinute"]["amountMicros"], 25_000);

    // What is exported makes the same version.
    let text = operator.get(&format!("{deck}/versions/1/csv")).expect(200).text;
    let again = upload(&operator, &deck, &text).expect(201).body;
    assert_eq!(again["hash"], draft["hash"]);
    assert_eq!(again["preview"]["changes"]["unchanged"], 3);
    let withdrawn = format!("{deck}/versions/{}", again["number"]);
    let _ = operator.delete(&withdrawn).expect(204);
    let _ = operator.get(&withdrawn).expect(404);
    let _ = operator.patch(&plan, &json!({"deck": null})).expect(200);
    assert_eq!(outbound(&tenant, "+4687654321")["perMinute"]["amountMicros"], 20_000);
}

#[test]
fn a_file_with_a_bad_row_imports_nothing_and_says_which_and_why() {
    let operator = HERE.operator();
    let deck = made(&operator, "bad", "price");
    let refused = upload(&operator, &deck, "prefix,perMinute\n46,0.01\n4x,0.02\n47,-3\n").expect(422).body;
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.contains("line 3 (prefix)") && message.contains("line 4 (perMinute)"), "{message}");
    assert!(message.contains("negative"), "{message}");
    let versions = operator.get(&format!("{deck}/versions")).expect(200).body;
    assert_eq!(versions["value"].as_array().map(Vec::len), Some(0));
    assert_eq!(
        upload(&operator, &deck, "prefix,perMinute,currency\n46,1,EUR\n").expect(400).body["error"]["target"],
        "currency"
    );
    let _ = upload(&operator, &deck, "").expect(400);
    let _ = upload(&tenant("No Deck"), &deck, SHEET).expect(404);
}

#[test]
fn a_deck_that_would_sell_below_cost_waits_until_that_is_confirmed() {
    // A carrier of its own switches the sandbox off.
    let server = Server::start(BINARY, Ipv4Addr::new(127, 20, 11, 2));
    let operator = server.operator();
    let costs = made(&operator, "costs", "cost");
    let _ = in_force(&operator, &costs, "prefix,rate\n99,0.04\n992,0.06\n");
    let carrier = json!({"name": "dear", "hosts": [{"address": "192.0.2.77"}], "callerId": "any", "prefixes": [],
        "limits": {"maxCalls": 10, "callsPerSecond": 10}, "deck": costs.rsplit('/').next()});
    let _ = operator.post("/api/v1/operator/carriers?confirm=belowCost", &carrier).expect(201);
    let prices = made(&operator, "cheap", "price");
    let plan = json!({"name": "cheap plan", "currency": "USD", "deck": prices.rsplit('/').next()});
    let _ = operator.post("/api/v1/operator/pricePlans", &plan).expect(201);
    let draft = upload(&operator, &prices, "prefix,rate\n99,0.05\n").expect(201).body;
    let confirm = format!("{prices}/versions/{}:confirm", draft["number"]);
    let refused = operator.post(&confirm, &json!({})).expect(409).body;
    let error = &refused["error"];
    assert_eq!((error["code"].as_str(), error["target"].as_str()), (Some("BelowCost"), Some("confirm")));
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("sells +992 at 0.05 USD") && message.contains("dear asks 0.06"), "{message}");
    let confirmed = operator.post(&format!("{confirm}?confirm=belowCost"), &json!({})).expect(200).body;
    assert_eq!(confirmed["isCurrent"], true);
    let _ = operator.post(&format!("{confirm}?confirm=yes"), &json!({})).expect(400);
}

#[test]
fn a_scheduled_version_comes_into_force_at_its_time() {
    let operator = HERE.operator();
    let deck = made(&operator, "later", "price");
    let _ = in_force(&operator, &deck, "prefix,rate\n46,0.01\n");
    let draft = upload(&operator, &deck, "prefix,rate\n46,0.02\n").expect(201).body;
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let at = soon.format("%Y-%m-%dT%H:%M:%SZ");
    let confirm = format!("{deck}/versions/{}:confirm?effectiveAt={at}", draft["number"]);
    assert_eq!(operator.post(&confirm, &json!({})).expect(200).body["state"], "scheduled");
    let current =
        operator.wait(&deck, Duration::from_secs(10), |deck| deck["currentVersion"] == draft["number"]);
    assert_eq!(current["rows"], 1);
}
