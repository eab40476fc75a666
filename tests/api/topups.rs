//! Automatic top-ups: the true binary, and a payment system that is late, signs nothing away, and pays once.

use crate::BINARY;
use serde_json::{Value, json};
use std::{net::Ipv4Addr, time::Duration};
use testkit::{
    receiver::{Answer, Receiver},
    server::{Options, Server},
};

const SOON: Duration = Duration::from_secs(30);

fn usd(units: i64) -> Value {
    json!({"amountMicros": units * 1_000_000, "currency": "USD"})
}

#[test]
fn a_low_balance_is_asked_for_at_the_operators_payment_system_and_settled_once() {
    let server = Server::start_with(Options {
        binary: BINARY.into(),
        address: Ipv4Addr::new(127, 20, 42, 1),
        settings: vec![("DIALTONE_WEBHOOKS__ALLOW_PRIVATE".to_owned(), "true".to_owned())],
    });
    let (tenant, operator) = (server.tenant("Tops Itself Up"), server.operator());
    let payments = Receiver::start(Ipv4Addr::new(127, 20, 42, 2));
    payments.behave(|_| Answer::Say(202, Vec::new(), json!({"reference": "intent-1"}).to_string()));
    let hook = "/api/v1/operator/topUpHook";
    let set = operator.patch(hook, &json!({"url": payments.url(), "enabled": true})).expect(200).body;
    assert!(set["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{set}");
    let seen = operator.get(hook).expect(200).body;
    assert_eq!((seen["hasSecret"].as_bool(), seen.get("secret")), (Some(true), None), "it is shown once");
    let rule = json!({"enabled": true, "threshold": usd(15), "amount": usd(25), "dailyCount": 2});
    let _ = tenant.get(hook).expect(404);
    let said = tenant.send("PUT", "/api/v1/topUpRule", Some(&rule)).expect(200).body;
    assert_eq!(said["isOffered"], true, "{said}");

    let post = payments.wait(1, SOON).remove(0);
    assert_eq!((&post.json()["amount"], post.json()["tenant"].as_str()), (&usd(25), Some("tops-itself-up")));
    let pending = tenant.wait("/api/v1/topUps", SOON, |list| list["value"][0]["state"] == "pending");
    let id = pending["value"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        (post.json()["id"].as_str(), post.header("idempotency-key")),
        (Some(id.as_str()), id.as_str())
    );
    assert!(post.header("webhook-signature").starts_with("v1,"));

    let settle = format!("/api/v1/operator/topUps/{id}:settle");
    let paid = json!({"state": "paid", "reference": "pay-1"});
    let _ = tenant.post(&settle, &paid).expect(404);
    let _ = operator.post(&settle, &json!({"state": "stolen"})).expect(400);
    for _ in 0..3 {
        assert_eq!(operator.post(&settle, &paid).expect(200).body["reference"], "pay-1");
    }
    let _ = operator.post(&settle, &json!({"state": "refused"})).expect(409);
    assert_eq!(tenant.get("/api/v1/balance").expect(200).body["balance"], usd(35), "10.00 and 25.00, once");
    let ledger = tenant.get("/api/v1/ledger").expect(200).body;
    assert_eq!((&ledger["value"][0]["kind"], &ledger["value"][0]["amount"]), (&json!("topUp"), &usd(25)));
    assert_eq!(operator.get("/api/v1/operator/drift").expect(200).body["figure"], 0);
    let rows = operator.get("/api/v1/operator/audit?what=topUp&maxPageSize=10").expect(200).body;
    let what = |row: &Value| row["what"].as_str().unwrap_or_default().to_owned();
    let whats: Vec<String> = rows["value"].as_array().expect("rows").iter().map(what).collect();
    assert_eq!(whats, ["topUp.end", "topUp.request"]);
    assert_eq!(operator.get("/api/v1/operator/topUps").expect(200).body["value"][0]["state"], "paid");
    assert_eq!(payments.all().len(), 1, "it was asked once");
}
