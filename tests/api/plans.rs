//! Price plans: made, changed in versions, and what calls cost by them.

use crate::BINARY;
use serde_json::{Value, json};
use std::{net::Ipv4Addr, sync::LazyLock, time::Duration};
use testkit::server::{Client, Server};

static HERE: LazyLock<Server> = LazyLock::new(|| Server::start(BINARY, Ipv4Addr::new(127, 20, 12, 1)));
const PATIENCE: Duration = Duration::from_secs(30);

fn usd(micros: i64) -> Value {
    json!({"amountMicros": micros, "currency": "USD"})
}

/// A plan with a name of its own.
fn made(operator: &Client, name: &str, more: &Value) -> String {
    let mut plan = json!({"name": name, "currency": "USD", "appLeg": usd(4_000), "trunkLeg": usd(4_000),
        "outbound": [{"prefix": "+1", "perMinute": usd(60_000)}, {"prefix": "", "perMinute": usd(90_000)}],
        "inbound": {"geographic": usd(8_500)}});
    for (name, value) in more.as_object().expect("an object") {
        plan[name] = value.clone();
    }
    let made = operator.post("/api/v1/operator/pricePlans", &plan).expect(201);
    format!("/api/v1/operator/pricePlans/{}", made.body["id"].as_str().expect("an id"))
}

/// A tenant on a plan.
fn on(plan: &str, organization: &str) -> Client {
    let tenant = HERE.tenant(organization);
    let id = tenant.account["tenant"]["id"].as_str().expect("an id");
    let plan = json!({"pricePlan": plan.rsplit('/').next()});
    let _ = HERE.operator().patch(&format!("/api/v1/operator/tenants/{id}"), &plan).expect(200);
    tenant
}

#[test]
fn what_a_plan_says_is_what_a_call_to_a_number_costs_on_each_way() {
    let operator = HERE.operator();
    let fee = json!({"terms": [{"kinds": ["outbound"], "connectionFee": usd(50_000), "firstIncrementMs": 30_000, "incrementMs": 6_000}]});
    let plan = made(&operator, "fees", &fee);
    let tenant = on(&plan, "Fees");
    let trunk = json!({"trunks": {"sbc.fees.test": {"sipSignalingPort": 5060}}});
    let _ = tenant.post("/api/v1/domains", &json!({"name": "fees.test"}));
    let _ = tenant.patch("/sip?api-version=2023-03-01", &trunk).expect(200);
    let route = json!({"name": "own", "numberPattern": "^\\+1206", "targets": [{"fqdn": "sbc.fees.test"}]});
    let _ = tenant.post("/api/v1/routes", &route).expect(201);
    let prices = tenant.get("/api/v1/prices?to=%2B12065550142").expect(200).body;
    let ways: Vec<_> = prices["routes"]
        .as_array()
        .expect("routes")
        .iter()
        .map(|r| (r["via"].clone(), r["route"].clone()))
        .collect();
    assert_eq!(ways, [(json!("trunk"), json!("own")), (json!("carrier"), json!(""))]);
    assert_eq!(prices["routes"][0]["minute"], usd(8_000));
    // 0.05 once, 0.06 a minute, 0.004 for the leg of the app.
    assert_eq!(prices["routes"][1]["minute"], usd(114_000));
    assert_eq!(prices["routes"][1]["lines"][1]["connectionFee"], usd(50_000));
    let _ = tenant.get("/api/v1/prices?to=1206").expect(400);
    let _ = HERE.anonymous().get("/api/v1/prices?to=%2B12065550142").expect(401);
}

#[test]
fn a_call_is_charged_by_the_terms_of_its_plan_and_its_lines_sum_to_the_total() {
    let operator = HERE.operator();
    let terms = json!({
        "terms": [{"kinds": ["inbound"], "connectionFee": usd(50_000), "firstIncrementMs": 60_000, "incrementMs": 60_000}],
        "volumes": [{"kind": "app", "freeMinutes": 100}],
    });
    let tenant = on(&made(&operator, "inbound", &terms), "Inbound Terms");
    let number = tenant.buy("US", "geographic");
    let user = tenant.post("/api/v1/sipUsers", &json!({"username": "rung"})).expect(201).body;
    assert_eq!(user["username"], "rung");
    let path = format!("/api/v1/numbers/{}", number.replace('+', "%2B"));
    let forward = json!({"inbound": {"kind": "forward", "target": "+12065550103"}});
    let _ = tenant.patch(&path, &forward).expect(200);
    let call = json!({"from": "+12065550142", "to": number});
    let quote = tenant
        .post("/api/v1/calls:simulate", &json!({"from": "+12065550142", "to": number, "source": "pstn"}))
        .expect(200)
        .body;
    assert_eq!(quote["verdict"], "connect", "{quote}");
    let id = tenant.post("/api/v1/sandbox/calls", &call).expect(201).body["callId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let live = tenant.wait(&format!("/api/v1/calls/{id}"), PATIENCE, |call| call["answeredAt"].is_string());
    assert_eq!(live["state"], "live");
    let _ = tenant.delete(&format!("/api/v1/calls/{id}"));
    let call = tenant.wait(&format!("/api/v1/calls/{id}"), PATIENCE, |call| call["state"] == "ended");
    let lines = call["charges"].as_array().expect("charges");
    let of = |kind: &str| lines.iter().find(|line| line["kind"] == kind).expect("a line");
    assert_eq!(of("connection")["amount"], usd(50_000));
    assert_eq!(of("inbound")["billedMs"], 60_000, "a call of some seconds is billed for its first minute");
    assert_eq!(of("inbound")["amount"], usd(8_500));
    let sum: i64 = lines.iter().map(|line| line["amount"]["amountMicros"].as_i64().expect("an amount")).sum();
    assert_eq!(call["total"], usd(sum));
    let entry = tenant.get("/api/v1/ledger").expect(200).body;
    assert_eq!(entry["value"][0]["amount"]["amountMicros"], -sum);
}

#[test]
fn free_minutes_are_set_aside_while_a_call_is_up_and_what_it_leaves_comes_back() {
    let operator = HERE.operator();
    let terms = json!({"volumes": [{"kind": "app", "freeMinutes": 3, "freeMinutesPerCall": 2}]});
    let tenant = on(&made(&operator, "free", &terms), "Free Minutes");
    let free = || {
        let prices = tenant.get("/api/v1/prices?to=%2B12065550100").expect(200).body;
        prices["routes"][0]["lines"][0]["freeMs"].as_u64().expect("milliseconds")
    };
    assert_eq!(free(), 120_000);
    let number = tenant.buy("US", "geographic");
    let _ = tenant.post("/api/v1/sipUsers", &json!({"username": "free"})).expect(201);
    let path = format!("/api/v1/numbers/{}", number.replace('+', "%2B"));
    let _ = tenant.patch(&path, &json!({"inbound": {"kind": "user", "target": "free"}})).expect(200);
    // Nobody is registered: the call is over before it is answered, and has used nothing.
    let call = json!({"from": "+12065550142", "to": number});
    let _ = tenant.post("/api/v1/sandbox/calls", &call);
    let _ = tenant.wait("/api/v1/calls", PATIENCE, |calls| calls["value"][0]["state"] == "ended");
    assert_eq!(free(), 120_000);
}

#[test]
fn each_change_is_a_version_and_a_later_one_waits_for_its_time() {
    let operator = HERE.operator();
    let plan = made(&operator, "versions", &json!({}));
    let first = operator.get(&plan).expect(200);
    let seen = first.header("etag").expect("a version").to_owned();
    let changed = operator
        .send_with("PATCH", &plan, Some(&json!({"appLeg": usd(5_000)})), &[("If-Match", &seen)])
        .expect(200)
        .body;
    assert_eq!((changed["version"].as_str(), &changed["appLeg"]), (Some("versions-2"), &usd(5_000)));
    let stale =
        operator.send_with("PATCH", &plan, Some(&json!({"appLeg": usd(6_000)})), &[("If-Match", &seen)]);
    assert_eq!(stale.status, 412, "{}", stale.text);
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let later = format!("{plan}?effectiveAt={}", soon.format("%Y-%m-%dT%H:%M:%SZ"));
    assert_eq!(operator.patch(&later, &json!({"appLeg": usd(7_000)})).expect(200).body["appLeg"], usd(5_000));
    let live = operator.wait(&plan, Duration::from_secs(10), |plan| plan["appLeg"] == usd(7_000));
    assert_eq!(live["version"], "versions-3");
    let versions = operator.get(&format!("{plan}/versions")).expect(200).body;
    let states: Vec<_> = versions["value"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|v| (v["number"].clone(), v["state"].clone()))
        .collect();
    assert_eq!(states, [3, 2, 1].map(|number| (json!(number), json!("applied"))));
    let far = format!("{plan}?effectiveAt=2999-01-01T00:00:00Z");
    let _ = operator.patch(&far, &json!({"appLeg": usd(1)})).expect(200);
    let _ = operator.delete(&format!("{plan}/versions/4")).expect(204);
    let _ = operator.delete(&format!("{plan}/versions/4")).expect(409);
}

#[test]
fn what_cannot_be_is_refused_with_the_field_s_name() {
    let operator = HERE.operator();
    let plan = made(&operator, "fields", &json!({}));
    for (change, field) in [
        (json!({"appLeg": usd(-1)}), "appLeg"),
        (json!({"appLeg": {"amountMicros": 1, "currency": "EUR"}}), "appLeg"),
        (json!({"currency": "XYZ"}), "currency"),
        (json!({"holdSeconds": 0}), "holdSeconds"),
        (json!({"outbound": [{"prefix": "4x", "perMinute": usd(1)}]}), "outbound[0].prefix"),
        (json!({"outbound": [{"prefix": "4", "perMinute": usd(-1)}]}), "outbound[0].perMinute"),
        (
            json!({"volumes": [{"kind": "app", "tiers": [{"fromMinutes": 9, "percent": 90}, {"fromMinutes": 9, "percent": 80}]}]}),
            "volumes[0].tiers[1].fromMinutes",
        ),
        (json!({"periods": [{"name": "night", "windows": [], "percent": 50}]}), "periods[0].windows"),
        (json!({"deck": "0190163d-8694-739b-aea5-966c26f8ad90"}), "deck"),
        (json!({"numbers": [{"country": "ZZ", "type": "mobile", "monthly": usd(1)}]}), "numbers[0].country"),
    ] {
        let refused = operator.patch(&plan, &change).expect(400).body;
        assert_eq!(refused["error"]["target"], field, "{refused}");
    }
    let twice = json!({"name": "fields", "currency": "USD"});
    let _ = operator.post("/api/v1/operator/pricePlans", &twice).expect(409);
    let _ = HERE.tenant("No Plans").get(&plan).expect(404);
}

#[test]
fn a_plan_of_one_tenant_says_what_is_special_and_follows_its_base_in_everything_else() {
    let operator = HERE.operator();
    let base = made(&operator, "general", &json!({"incrementMs": 1_000}));
    let id = |plan: &str| plan.rsplit('/').next().expect("an id").to_owned();
    let special = json!({"name": "of one", "base": id(&base), "outbound": [{"prefix": "+46", "perMinute": usd(30_000)}]});
    let made = operator.post("/api/v1/operator/pricePlans", &special).expect(201).body;
    let plan = format!("/api/v1/operator/pricePlans/{}", made["id"].as_str().expect("an id"));
    assert_eq!(
        (made["version"].as_str(), made["incrementMs"].as_u64()),
        (Some("of-one-1@general-1"), Some(1_000))
    );
    assert_eq!(made["overrides"]["outbound"].as_array().map(Vec::len), Some(1));
    let tenant = on(&plan, "Of One");
    let line = |to: &str, place: usize| {
        let prices = tenant.get(&format!("/api/v1/prices?to=%2B{to}")).expect(200).body;
        prices["routes"][0]["lines"][place].clone()
    };
    assert_eq!(line("46701740605", 1)["perMinute"], usd(30_000));
    assert_eq!(line("46701740605", 1)["rateVersion"], "of-one-1@general-1");
    assert_eq!(
        (&line("4930123456", 1)["perMinute"], &line("12065550100", 0)["perMinute"]),
        (&usd(90_000), &usd(4_000))
    );

    // The base changes, and with it what is not said here; its version stands on what is charged from then on.
    let change = json!({"appLeg": usd(5_000), "outbound": [{"prefix": "", "perMinute": usd(80_000)}, {"prefix": "46", "perMinute": usd(99_000)}]});
    let _ = operator.patch(&base, &change).expect(200);
    assert_eq!(
        (&line("46701740605", 1)["perMinute"], &line("4930123456", 1)["perMinute"]),
        (&usd(30_000), &usd(80_000))
    );
    assert_eq!(line("46701740605", 0)["perMinute"], usd(5_000));
    assert_eq!(line("46701740605", 0)["rateVersion"], "of-one-1@general-2");

    // A field is said here, and is as the base says again.
    let own = operator.patch(&plan, &json!({"appLeg": usd(1_000)})).expect(200).body;
    assert_eq!(
        (own["version"].as_str(), &own["overrides"]["appLeg"]),
        (Some("of-one-2@general-2"), &usd(1_000))
    );
    assert_eq!(line("46701740605", 0)["perMinute"], usd(1_000));
    let _ = operator.patch(&plan, &json!({"appLeg": null})).expect(200);
    assert_eq!(line("46701740605", 0)["perMinute"], usd(5_000));
    // A later version waits for its time, as any plan's does.
    let far = format!("{plan}?effectiveAt=2999-01-01T00:00:00Z");
    let _ = operator.patch(&far, &json!({"trunkLeg": usd(1)})).expect(200);
    assert_eq!(operator.get(&plan).expect(200).body["trunkLeg"], usd(4_000));

    for (target, change, field) in [
        (&base, json!({"base": id(&plan)}), "base"),
        (&plan, json!({"base": id(&plan)}), "base"),
        (&plan, json!({"base": "general"}), "base"),
        (&plan, json!({"currency": "EUR"}), "currency"),
        (&plan, json!({"appLeg": {"amountMicros": 1, "currency": "EUR"}}), "appLeg"),
        (&plan, json!({"outbound": [{"prefix": "4x", "perMinute": usd(1)}]}), "outbound[0].prefix"),
    ] {
        let refused = operator.patch(target, &change).expect(400).body;
        assert_eq!(refused["error"]["target"], field, "{refused}");
    }
    // Without a base, it stays as it is.
    let alone = operator.patch(&plan, &json!({"base": null})).expect(200).body;
    assert_eq!((&alone["appLeg"], &alone["overrides"]), (&usd(5_000), &Value::Null));
    assert_eq!(line("46701740605", 1)["perMinute"], usd(30_000));
}

#[test]
fn everybody_sees_the_prices_of_those_who_sign_up() {
    let page = HERE.anonymous().send_with("GET", "/prices", None, &[("Accept", "text/html")]).expect(200);
    assert!(page.text.contains("0.0130 USD") && page.text.contains("Leg of a trunk"), "{}", page.text);
    let json = HERE
        .anonymous()
        .send_with("GET", "/prices", None, &[("Accept", "application/json")])
        .expect(200)
        .body;
    assert_eq!((json["currency"].as_str(), &json["appLeg"]), (Some("USD"), &usd(4_000)));
    let narrow = HERE
        .anonymous()
        .send_with("GET", "/prices?to=1206", None, &[("Accept", "application/json")])
        .expect(200)
        .body;
    assert_eq!(narrow["destinations"][0]["prefix"], "1", "{narrow}");
}
