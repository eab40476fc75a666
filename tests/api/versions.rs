//! Two people who edit one thing do not overwrite each other: `ETag` and `If-Match`.

use crate::{server, tenant};
use serde_json::{Value, json};
use testkit::server::{Answer, Client};

/// Edits something from what was seen before somebody else edited it.
fn stale(client: &Client, method: &str, path: &str, first: &Value, second: &Value) {
    let tag = |answer: &Answer| answer.header("etag").unwrap_or_else(|| panic!("{path}: no ETag")).to_owned();
    let seen = tag(&client.get(path).expect(200));
    assert_eq!(tag(&client.get(path).expect(200)), seen, "{path}: what nobody changes keeps its version");
    let edit = |body: &Value, seen: &str| client.send_with(method, path, Some(body), &[("if-match", seen)]);
    let after = tag(&edit(first, &seen).expect(200));
    assert_ne!(after, seen);
    let refused = edit(second, &seen).expect(412);
    assert_eq!(refused.body["error"]["code"], "PreconditionFailed", "{}", refused.text);
    assert!(
        refused.text.contains(after.trim_matches('"')),
        "{path}: the current version is said: {}",
        refused.text
    );
    assert!(refused.text.contains("changed this at"), "{}", refused.text);
    let now = client.get(path).expect(200);
    assert_eq!(tag(&now), after, "{path}: what was refused changed nothing");
    let _ = edit(second, "*").expect(200);
    let _ = client.send(method, path, Some(first)).expect(200);
    let _ = edit(second, &format!("\"nothing of ours\", {}", tag(&client.get(path)))).expect(200);
    let _ = edit(second, "not quoted").expect(400);
}

#[test]
fn whoever_edits_an_old_version_is_told_who_was_quicker() {
    let tenant = tenant("Edits Twice");
    let made = json!({"trunks": {"sbc.edits.test": {"sipSignalingPort": 5060}}});
    let _ = tenant.patch("/sip?api-version=2023-03-01", &made).expect(200);
    let limits = |calls: u32| json!({"limits": {"maxCalls": calls}});
    stale(&tenant, "PATCH", "/api/v1/trunks/sbc.edits.test", &limits(5), &limits(6));
    let route = |name: &str| json!({"value": [{"name": name, "numberPattern": "^\\+46", "targets": [{"fqdn": "sbc.edits.test"}]}]});
    stale(&tenant, "PUT", "/api/v1/routes", &route("one"), &route("two"));
    let country = |code: &str| json!({"allowedCountries": [code]});
    stale(&tenant, "PATCH", "/api/v1/protection", &country("SE"), &country("US"));
    let alert = |micros: u32| json!({"threshold": {"amountMicros": micros, "currency": "USD"}});
    stale(&tenant, "PUT", "/api/v1/balanceAlert", &alert(1_000_000), &alert(2_000_000));
    let rule = |count: u32| {
        let zero = json!({"amountMicros": 0, "currency": "USD"});
        json!({"enabled": false, "threshold": zero, "amount": zero, "dailyCount": count})
    };
    stale(&tenant, "PUT", "/api/v1/topUpRule", &rule(1), &rule(2));
    let _ = tenant.post("/api/v1/domains", &json!({"name": "twice.edits.test"})).expect(201);
    let enabled = |enabled: bool| json!({"enabled": enabled});
    stale(&tenant, "PATCH", "/api/v1/domains/twice.edits.test", &enabled(false), &enabled(true));
    let registrar = |user: &str| json!({"registrar": "127.20.1.250", "username": user, "password": "knows"});
    let registration = "/api/v1/trunks/sbc.edits.test/registration";
    let _ = tenant.send("PUT", registration, Some(&registrar("zero"))).expect(200);
    stale(&tenant, "PUT", registration, &registrar("one"), &registrar("two"));
    let number = tenant.buy("US", "geographic").replace('+', "%2B");
    let address = |line: &str| json!({"country": "US", "lines": [line], "locality": "Seattle", "region": "WA", "postalCode": "98101"});
    let path = format!("/api/v1/emergency/addresses/{number}");
    let _ = tenant.send("PUT", &path, Some(&address("0 Main Street"))).expect(200);
    stale(&tenant, "PUT", &path, &address("1 Main Street"), &address("2 Main Street"));
    let inbound = |target: &str| json!({"inbound": {"kind": "application", "target": target}});
    stale(&tenant, "PATCH", &format!("/api/v1/numbers/{number}"), &inbound("one"), &inbound("two"));
    let id = tenant.account["tenant"]["id"].as_str().expect("an id").to_owned();
    let operator = server().operator();
    let path = format!("/api/v1/operator/tenants/{id}");
    stale(&operator, "PATCH", &path, &limits(50), &limits(60));
    let sold_in = |code: &str| json!({"regions": [{"numberCountry": "AQ", "billingCountries": [code]}]});
    stale(&operator, "PUT", "/api/v1/operator/eligibility/regions", &sold_in("SE"), &sold_in("US"));
    let carrier = json!({"name": "edited", "hosts": [{"address": "192.0.2.88"}], "prefixes": [{"prefix": "9991", "costPerMinute": {"amountMicros": 1, "currency": "USD"}}], "enabled": false});
    let made = operator.post("/api/v1/operator/carriers", &carrier).expect(201);
    let path = made.header("location").expect("a location").to_owned();
    stale(&operator, "PATCH", &path, &limits(5), &limits(6));
}

#[test]
fn of_what_the_platform_sets_each_has_a_version_too() {
    let operator = server().operator();
    let supplier = |name: &str| json!({"name": name, "url": "https://numbers.edits.example/v1", "carrier": "sandbox", "enabled": false});
    let made = operator.post("/api/v1/operator/suppliers", &supplier("edited")).expect(201);
    let path = made.header("location").expect("a location").to_owned();
    let margin = |points: u32| json!({"marginBasisPoints": points});
    stale(&operator, "PATCH", &path, &margin(1), &margin(2));
    let hook = |url: &str| json!({"url": url, "enabled": false});
    stale(&operator, "PATCH", "/api/v1/operator/topUpHook", &hook("https://9.9.9.9/a"), &hook(""));
    let numbers = |number: &str| json!({"numbers": [number]});
    let path = "/api/v1/operator/emergency/IS";
    let _ = operator.patch(path, &numbers("110")).expect(200);
    stale(&operator, "PATCH", path, &numbers("111"), &numbers("112"));
}

/// What has a version says so in the document, and so in its answers.
#[test]
fn whatever_takes_a_version_gives_one() {
    let document = server().anonymous().get("/openapi.json").expect(200).body;
    let paths = document["paths"].as_object().expect("paths");
    let takes = |operation: &Value| operation.to_string().contains("#/components/parameters/If-Match");
    let edited: Vec<&String> = paths
        .iter()
        .filter(|(_, item)| ["put", "patch"].iter().any(|method| takes(&item[method])))
        .map(|(path, _)| path)
        .collect();
    assert!(edited.len() > 15, "{edited:?}");
    for path in edited {
        let tag = &paths[path]["get"]["responses"]["200"]["headers"]["ETag"];
        assert!(tag.is_object(), "{path} takes If-Match, and its GET says no ETag");
    }
}

#[test]
fn a_change_over_the_azure_protocol_counts_as_a_change_of_the_trunk() {
    let tenant = tenant("Edits By Sip");
    let sip = |port: u16| {
        let body = json!({"trunks": {"sbc.by-sip.test": {"sipSignalingPort": port}}});
        let _ = tenant.patch("/sip?api-version=2023-03-01", &body).expect(200);
    };
    sip(5060);
    let path = "/api/v1/trunks/sbc.by-sip.test";
    let seen = tenant.get(path).expect(200).header("etag").expect("a version").to_owned();
    sip(5070);
    let body = json!({"limits": {"maxCalls": 7}});
    let _ = tenant.send_with("PATCH", path, Some(&body), &[("if-match", &seen)]).expect(412);
}

#[test]
fn of_two_who_edit_at_once_one_wins() {
    let tenant = tenant("Edits At Once");
    let path = "/api/v1/protection";
    let seen = tenant.get(path).expect(200).header("etag").expect("a version").to_owned();
    let edit = |n: usize| {
        let code = ["SE", "US", "DE", "GB", "FR", "DK", "NO", "FI"][n];
        let body = json!({"allowedCountries": [code]});
        tenant.send_with("PATCH", path, Some(&body), &[("if-match", &seen)]).status
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let edits: Vec<_> = (0..8).map(|n| scope.spawn(move || edit(n))).collect();
        edits.into_iter().map(|edit| edit.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[test]
fn what_has_no_version_says_so() {
    let tenant = tenant("No Version");
    let refused = tenant.send_with(
        "POST",
        "/api/v1/sipUsers",
        Some(&json!({"username": "x"})),
        &[("if-match", "\"0\"")],
    );
    assert_eq!(refused.expect(400).body["error"]["target"], "If-Match");
}
