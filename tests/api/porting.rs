//! Numbers that change their provider: what a tenant and the operator do over the API, papers, refusals.

use crate::{server, tenant};
use chrono::{Datelike, Duration, Utc, Weekday};
use serde_json::{Value, json};
use testkit::server::{Answer, Client};

const PDF: &str = "JVBERi0xLjcKc2lnbmVk";

/// A day on which providers move numbers.
fn working_day() -> String {
    let mut day = Utc::now().date_naive() + Duration::days(7);
    while matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        day += Duration::days(1);
    }
    day.to_string()
}

pub(crate) fn today() -> String {
    Utc::now().date_naive().to_string()
}

fn draft(numbers: &[&str]) -> Value {
    json!({"country": "us", "type": "geographic", "numbers": numbers, "provider": "Old Telco",
        "accountNumber": "acct-4711", "authorisedName": "Ada Owner", "wantedOn": working_day(),
        "address": {"lines": ["1 Main Street"], "locality": "Seattle", "region": "WA", "postalCode": "98101"}})
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A draft with its papers: its path, and the id of its last paper.
pub(crate) fn prepared(tenant: &Client, numbers: &[&str]) -> (String, String) {
    let made = tenant.post("/api/v1/portIns", &draft(numbers)).expect(201);
    let path = made.header("location").expect("a location").to_owned();
    let paper = |kind: &str| {
        let body = json!({"kind": kind, "contentType": "application/pdf", "content": PDF});
        text(&tenant.post(&format!("{path}/documents"), &body).expect(201).body["id"])
    };
    let _ = paper("letterOfAuthority");
    let bill = paper("bill");
    (path, bill)
}

fn of_operator(path: &str) -> String {
    path.replace("/api/v1/", "/api/v1/operator/")
}

fn fault(answer: &Answer) -> (&str, &str) {
    let error = &answer.body["error"];
    (error["code"].as_str().unwrap_or_default(), error["target"].as_str().unwrap_or_default())
}

/// A number that came.
fn ported(tenant: &Client, number: &str) {
    ported_to(tenant, &server().operator(), number);
}

pub(crate) fn ported_to(tenant: &Client, operator: &Client, number: &str) {
    let (path, _) = prepared(tenant, &[number]);
    let _ = tenant.post(&format!("{path}:submit"), &json!({})).expect(200);
    let accepted = json!({"firmOn": today(), "carrier": "sandbox"});
    let _ = operator.post(&format!("{}:accept", of_operator(&path)), &accepted).expect(200);
    let _ = operator.post(&format!("{}:complete", of_operator(&path)), &json!({})).expect(200);
}

#[test]
fn numbers_come_on_their_day_and_are_paid_for_and_one_that_is_rejected_does_not_hold_the_others_up() {
    let (tenant, operator) = (tenant("Brings Numbers"), server().operator());
    let (path, bill) = prepared(&tenant, &["+12065551501", "+12065551502"]);
    let theirs = of_operator(&path);
    let _ = operator.get(&theirs).expect(404);
    let sent = tenant.post(&format!("{path}:submit"), &json!({})).expect(200).body;
    assert_eq!((&sent["state"], &sent["actions"]), (&json!("submitted"), &json!(["cancel"])));
    let seen = operator.get(&theirs).expect(200).body;
    assert_eq!(seen["accountNumber"], "acct-4711");
    let read = |client: &Client, path: &str| client.get(&format!("{path}/documents/{bill}")).expect(200);
    for (client, path) in [(&tenant, &path), (&operator, &theirs)] {
        let paper = read(client, path);
        assert_eq!(paper.header("content-type"), Some("application/pdf"));
        assert_eq!(paper.header("content-disposition"), Some("attachment"));
        assert!(paper.text.starts_with("%PDF-1.7"));
    }
    let early = operator.post(&format!("{theirs}:complete"), &json!({})).expect(409);
    assert!(early.text.contains("submitted"), "{}", early.text);
    let accepted = json!({"firmOn": today(), "carrier": "sandbox", "setup": {"amountMicros": 250_000, "currency": "USD"},
        "rejected": [{"number": "+12065551502", "reason": "it is not with that provider"}]});
    let accepted = operator.post(&format!("{theirs}:accept"), &accepted).expect(200).body;
    assert_eq!(accepted["monthly"], json!({"amountMicros": 1_000_000, "currency": "USD"}));
    let balance = || tenant.get("/api/v1/balance").expect(200).body["balance"]["amountMicros"].as_i64();
    let before = balance().expect("a balance");
    let done = operator.post(&format!("{theirs}:complete"), &json!({})).expect(200).body;
    let states: Vec<_> =
        done["numbers"].as_array().expect("numbers").iter().map(|row| row["state"].clone()).collect();
    assert_eq!((&done["state"], states), (&json!("completed"), vec![json!("ported"), json!("rejected")]));
    assert_eq!(balance(), Some(before - 1_250_000));
    let number = tenant.get("/api/v1/numbers/%2B12065551501").expect(200).body;
    assert_eq!(number["monthly"], json!({"amountMicros": 1_000_000, "currency": "USD"}));
    let _ = tenant.get("/api/v1/numbers/%2B12065551502").expect(404);
    let kinds: Vec<_> = tenant.get("/api/v1/ledger").expect(200).body["value"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|one| one["kind"].clone())
        .collect();
    assert!(kinds.contains(&json!("lease")) && kinds.contains(&json!("setup")), "{kinds:?}");
    let steps = tenant.get(&path).expect(200).body["steps"].clone();
    let steps: Vec<_> = steps.as_array().expect("steps").iter().map(|step| step["to"].clone()).collect();
    assert_eq!(steps, ["draft", "submitted", "accepted", "completed"]);
    let again = tenant.post("/api/v1/portIns", &draft(&["+12065551501"])).expect(201);
    let again = again.header("location").expect("a location").to_owned();
    for kind in ["letterOfAuthority", "bill"] {
        let body = json!({"kind": kind, "contentType": "application/pdf", "content": PDF});
        let _ = tenant.post(&format!("{again}/documents"), &body).expect(201);
    }
    let refused = tenant.post(&format!("{again}:submit"), &json!({})).expect(409);
    assert_eq!(fault(&refused), ("NumberAlreadyHere", "numbers.0"));
}

#[test]
fn what_is_wrong_with_a_request_is_said_with_its_field_and_what_to_do() {
    let tenant = tenant("Brings Nonsense");
    let wrong = |field: &str, value: Value| {
        let mut body = draft(&["+12065551511"]);
        body[field] = value;
        tenant.post("/api/v1/portIns", &body).expect(400)
    };
    let mut saturday = Utc::now().date_naive() + Duration::days(3);
    while saturday.weekday() != Weekday::Sat {
        saturday += Duration::days(1);
    }
    for (field, value, target, word) in [
        ("numbers", json!(["2065551511"]), "numbers.0", "leading +"),
        ("numbers", json!(["+12065551511", "+12065550142"]), "numbers.1", "fiction"),
        ("numbers", json!(["+46112"]), "numbers.0", "7 to 15"),
        ("numbers", json!(["+4687901234"]), "numbers.0", "SE"),
        ("numbers", json!(["+18445551234"]), "numbers.0", "toll-free"),
        ("numbers", json!([]), "numbers", "1 to 100"),
        ("country", json!("Sweden"), "country", "two letters"),
        ("type", json!("pigeon"), "type", "pigeon"),
        ("wantedOn", json!("2020-01-06"), "wantedOn", "is over"),
        ("wantedOn", json!(saturday.to_string()), "wantedOn", "Monday to Friday"),
        ("wantedOn", json!("tomorrow"), "wantedOn", "wantedOn"),
        ("colour", json!("red"), "colour", "colour"),
    ] {
        let refused = wrong(field, value);
        assert_eq!(fault(&refused).1, target, "{}", refused.text);
        assert!(refused.text.contains(word), "{word}: {}", refused.text);
    }
    let bare = json!({"country": "US", "type": "mobile", "numbers": ["+12065551511"]});
    let made = tenant.post("/api/v1/portIns", &bare).expect(201);
    let path = made.header("location").expect("a location").to_owned();
    let submit = || tenant.post(&format!("{path}:submit"), &json!({})).expect(400);
    assert_eq!(fault(&submit()).1, "provider");
    let whole = draft(&["+12065551511"]);
    let whole = json!({"provider": whole["provider"], "accountNumber": "1", "authorisedName": "Ada",
        "address": whole["address"], "wantedOn": whole["wantedOn"]});
    let seen = tenant.get(&path).expect(200).header("etag").expect("a version").to_owned();
    let with = |body: &Value, seen: &str| tenant.send_with("PATCH", &path, Some(body), &[("if-match", seen)]);
    let _ = with(&whole, &seen).expect(200);
    let _ = with(&json!({"provider": "Somebody Else"}), &seen).expect(412);
    assert_eq!(fault(&submit()).1, "pin", "a mobile number needs its code");
    let patched = tenant.patch(&path, &json!({"pin": "998877"})).expect(200);
    assert!(patched.body["hasPin"] == true && !patched.text.contains("998877"), "{}", patched.text);
    assert_eq!(fault(&submit()).1, "documents");
    for (paper, target) in [
        (json!({"kind": "bill", "contentType": "application/pdf", "content": "PHNjcmlwdD4="}), "document"),
        (json!({"kind": "bill", "contentType": "text/html", "content": PDF}), "document"),
        (json!({"kind": "bill", "contentType": "application/pdf", "content": "%"}), "content"),
        (json!({"kind": "song", "contentType": "application/pdf", "content": PDF}), "kind"),
    ] {
        let refused = tenant.post(&format!("{path}/documents"), &paper).expect(400);
        assert_eq!(fault(&refused).1, target, "{}", refused.text);
    }
    for _ in 0..10 {
        let paper = json!({"kind": "other", "contentType": "application/pdf", "content": PDF});
        let _ = tenant.post(&format!("{path}/documents"), &paper).expect(201);
    }
    let paper = json!({"kind": "bill", "contentType": "application/pdf", "content": PDF});
    let _ = tenant.post(&format!("{path}/documents"), &paper).expect(409);
    let _ = tenant.get("/api/v1/portIns?state=lost").expect(400);
    let _ = tenant.get("/api/v1/portIns/nonsense").expect(404);
}

#[test]
fn a_request_that_is_sent_twice_is_made_once_and_lists_go_by_pages() {
    let tenant = tenant("Brings Again");
    let keyed = |number: &str| {
        let headers = [("idempotency-key", "port-1")];
        tenant.send_with("POST", "/api/v1/portIns", Some(&draft(&[number])), &headers)
    };
    let (first, again) = (keyed("+12065551521").expect(201), keyed("+12065551521").expect(201));
    assert_eq!(first.body["id"], again.body["id"]);
    let _ = tenant.post("/api/v1/portIns", &draft(&["+12065551522"])).expect(201);
    let page = tenant.get("/api/v1/portIns?maxPageSize=1&state=draft").expect(200).body;
    let next = page["nextLink"].as_str().expect("a next page");
    let second = tenant.get(next).expect(200).body;
    assert_eq!(second["value"][0]["id"], first.body["id"]);
    assert!(second["nextLink"].is_null(), "{second}");
    assert!(!page.to_string().contains("actions\":[]"), "{page}");
}

#[test]
fn a_number_leaves_when_its_tenant_agrees_and_stays_when_it_does_not() {
    let (owner, operator) = (tenant("Lets Numbers Go"), server().operator());
    let number = "+12065551531";
    ported(&owner, number);
    let asked = json!({"number": number, "provider": "New Telco", "reference": "NT-77", "answerDays": 2});
    let made = operator.post("/api/v1/operator/portOuts", &asked).expect(201).body;
    let (path, theirs) = (
        format!("/api/v1/portOuts/{}", text(&made["id"])),
        format!("/api/v1/operator/portOuts/{}", text(&made["id"])),
    );
    let twice = operator.post("/api/v1/operator/portOuts", &asked).expect(409);
    assert_eq!(fault(&twice).0, "NumberInOtherRequest");
    let seen = owner.get("/api/v1/portOuts?state=requested").expect(200).body;
    assert_eq!(
        (&seen["value"][0]["reference"], &seen["value"][0]["actions"]),
        (&json!("NT-77"), &json!(["confirm", "object"]))
    );
    let firm = json!({"firmOn": today()});
    let early = operator.post(&format!("{theirs}:schedule"), &firm).expect(409);
    assert!(early.text.contains("may answer until"), "{}", early.text);
    let _ = owner.post(&format!("{path}:object"), &json!({"reason": ""})).expect(400);
    let _ = owner.post(&format!("{path}:object"), &json!({"reason": "nobody asked us"})).expect(200);
    let _ = operator.post(&format!("{theirs}:schedule"), &firm).expect(409);
    let _ = owner.post(&format!("{path}:confirm"), &json!({})).expect(200);
    let _ = operator.post(&format!("{theirs}:schedule"), &firm).expect(200);
    let _ = operator.post(&format!("{theirs}:complete"), &json!({})).expect(200);
    let _ = owner.get(&format!("/api/v1/numbers/{}", number.replace('+', "%2B"))).expect(404);
    let simulated = json!({"from": "+12065550142", "to": number, "source": "pstn"});
    let lost = owner.post("/api/v1/calls:simulate", &simulated).expect(200).body;
    assert_eq!(lost["verdict"], "refuse", "calls to it are no calls to a number of this platform: {lost}");
    let over = owner.post(&format!("{path}:object"), &json!({"reason": "too late"})).expect(409);
    assert!(over.text.contains("completed"), "{}", over.text);
    ported(&owner, number);
}

#[test]
fn a_lock_and_a_code_keep_a_number_and_a_fictional_one_cannot_go() {
    let (owner, operator) = (tenant("Locks Numbers"), server().operator());
    let number = "+12065551541";
    ported(&owner, number);
    let guard = format!("/api/v1/numbers/{}/portOut", number.replace('+', "%2B"));
    assert_eq!(owner.get(&guard).expect(200).body, json!({"locked": false, "hasPin": false}));
    assert_eq!(fault(&owner.patch(&guard, &json!({"pin": "12"})).expect(400)).1, "pin");
    let set = owner.patch(&guard, &json!({"locked": true, "pin": "493817"})).expect(200);
    assert_eq!(set.body, json!({"locked": true, "hasPin": true}));
    assert!(set.header("etag").is_some());
    let ask = |pin: Option<&str>| {
        let body = json!({"number": number, "provider": "New Telco", "pin": pin});
        operator.post("/api/v1/operator/portOuts", &body)
    };
    assert_eq!(fault(&ask(Some("493817")).expect(409)).0, "PortOutLocked");
    let _ = owner.patch(&guard, &json!({"locked": false})).expect(200);
    assert_eq!(fault(&ask(None).expect(409)), ("PortOutPinMismatch", "pin"));
    assert_eq!(fault(&ask(Some("493818")).expect(409)).0, "PortOutPinMismatch");
    let tried = owner.get("/api/v1/audit?what=porting.refuse").expect(200);
    assert_eq!(tried.body["value"].as_array().map(Vec::len), Some(3));
    assert!(!tried.text.contains("49381"), "{}", tried.text);
    let _ = ask(Some("493817")).expect(201);
    let fictional = owner.buy("US", "geographic");
    let body = json!({"number": fictional, "provider": "New Telco"});
    let refused = owner.post("/api/v1/portOuts", &body).expect(400);
    assert!(refused.text.contains("fiction"), "{}", refused.text);
    let stranger = tenant("Locks Nothing");
    let _ = stranger.get(&guard).expect(404);
    let _ = stranger.post("/api/v1/portOuts", &json!({"number": number, "provider": "x"})).expect(404);
}
