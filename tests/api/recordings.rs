//! Recordings over the API: the policy with its versions, scopes of keys, and a call of the sandbox that is recorded.

use crate::{server, tenant};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::server::Client;

const POLICY: &str = "/api/v1/recordingPolicy";
const PATIENCE: Duration = Duration::from_secs(20);
/// A number of the sandbox that answers.
const ANSWERS: &str = "+12065550112";

fn wish(mode: &str, days: u32, notice: &str) -> Value {
    json!({"mode": mode, "retentionDays": days, "notice": notice})
}

/// A client with a key of the tenant that was granted this.
fn key(owner: &Client, scopes: &[&str]) -> Client {
    let made = owner.post("/api/v1/apiKeys", &json!({"name": "recorder", "scopes": scopes})).expect(201).body;
    server().anonymous().with_token(made["key"].as_str().expect("a key"))
}

/// Has the sandbox call the tenant's number, which goes on to one that answers; the live call.
fn live_call(owner: &Client) -> String {
    let number = owner.buy("US", "geographic");
    let path = format!("/api/v1/numbers/{}", number.replace('+', "%2B"));
    let forward = json!({"inbound": {"kind": "forward", "target": ANSWERS}});
    let _ = owner.patch(&path, &forward).expect(200);
    let order = json!({"from": "+12065550100", "to": number});
    let made = owner.post("/api/v1/sandbox/calls", &order).expect(201).body;
    let id = made["callId"].as_str().expect("an id").to_owned();
    let _ = owner.wait(&format!("/api/v1/calls/{id}"), PATIENCE, |call| call["answeredAt"].is_string());
    id
}

#[test]
fn the_policy_is_off_at_first_is_checked_by_field_and_has_a_version() {
    let owner = tenant("Recording Policy");
    let first = owner.get(POLICY).expect(200);
    assert_eq!(first.body, wish("off", 30, "none"));
    let seen = first.header("etag").expect("a version").to_owned();
    let put =
        |body: &Value, version: &str| owner.send_with("PUT", POLICY, Some(body), &[("If-Match", version)]);
    let set = put(&wish("always", 7, "tone"), &seen).expect(200);
    assert_eq!(set.body, wish("always", 7, "tone"));
    let late = put(&wish("off", 7, "none"), &seen).expect(412);
    assert_eq!(late.body["error"]["code"], "PreconditionFailed");
    let now = set.header("etag").expect("a version");
    let _ = put(&wish("onDemand", 3_650, "none"), now).expect(200);
    for (body, target) in [
        (wish("always", 0, "tone"), "retentionDays"),
        (wish("always", 3_651, "tone"), "retentionDays"),
        (wish("sometimes", 7, "tone"), "mode"),
        (wish("always", 7, "speech"), "notice"),
    ] {
        let refused = owner.send("PUT", POLICY, Some(&body)).expect(400);
        assert_eq!(refused.body["error"]["target"], target, "{}", refused.text);
    }
    assert_eq!(owner.get(POLICY).expect(200).body, wish("onDemand", 3_650, "none"));
    let rows = owner.get("/api/v1/audit?what=recordingPolicy.update").expect(200).body;
    assert_eq!(rows["value"].as_array().map(Vec::len), Some(2), "{rows}");
    assert_eq!(rows["value"][0]["before"]["mode"], "always");
}

#[test]
fn keys_listen_and_record_by_scopes_of_their_own() {
    let owner = tenant("Recording Keys");
    let reader = key(&owner, &["recordings.read"]);
    let writer = key(&owner, &["recordings.write"]);
    let caller = key(&owner, &["calls.write"]);
    for path in [POLICY, "/api/v1/recordings"] {
        assert_eq!((reader.get(path).status, writer.get(path).status), (200, 200), "{path}");
        assert_eq!(caller.get(path).status, 403, "{path}");
    }
    let policy = wish("onDemand", 5, "none");
    assert_eq!(reader.send("PUT", POLICY, Some(&policy)).status, 403);
    let _ = writer.send("PUT", POLICY, Some(&policy)).expect(200);
    let call = live_call(&owner);
    let start = format!("/api/v1/calls/{call}/recordings");
    assert_eq!(reader.post(&start, &json!({})).status, 403);
    assert_eq!(caller.post(&start, &json!({})).status, 403);
    let begun = writer.post(&start, &json!({})).expect(201).body;
    assert_eq!(begun["begunBy"].as_str().map(|who| who.starts_with("apiKey:")), Some(true), "{begun}");
    let path = format!("/api/v1/recordings/{}", begun["id"].as_str().expect("an id"));
    assert_eq!(reader.post(&format!("{path}:stop"), &json!({})).status, 403);
    // Something to hear.
    std::thread::sleep(Duration::from_millis(700));
    let done = writer.post(&format!("{path}:stop"), &json!({})).expect(200).body;
    assert_eq!(done["state"], "ready", "{done}");
    let heard = reader.get(&format!("{path}/audio")).expect(200);
    assert_eq!((&heard.bytes[..4], &heard.bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!(heard.header("cache-control"), Some("no-store"));
    assert_eq!(caller.get(&format!("{path}/audio")).status, 403, "calls.write does not listen");
    assert_eq!(reader.delete(&path).status, 403);
    assert_eq!(writer.delete(&path).status, 204);
    let _ = owner.delete(&format!("/api/v1/calls/{call}"));
}

#[test]
fn lists_are_narrowed_by_call_state_and_time_and_go_by_pages() {
    let owner = tenant("Recording Lists");
    let _ = owner.send("PUT", POLICY, Some(&wish("onDemand", 5, "none"))).expect(200);
    let call = live_call(&owner);
    for _ in 0..2 {
        let begun = owner.post(&format!("/api/v1/calls/{call}/recordings"), &json!({})).expect(201).body;
        let id = begun["id"].as_str().expect("an id");
        let _ = owner.post(&format!("/api/v1/recordings/{id}:stop"), &json!({})).expect(200);
    }
    let list = |query: &str| owner.get(&format!("/api/v1/recordings?{query}")).expect(200).body;
    let count = |query: &str| list(query)["value"].as_array().map(Vec::len);
    assert_eq!((count(""), count(&format!("callId={call}"))), (Some(2), Some(2)));
    assert_eq!((count("state=ready"), count("state=recording")), (Some(2), Some(0)));
    assert_eq!(count("callId=0190163d-8694-739b-aea5-966c26f8ad90"), Some(0));
    assert_eq!(
        (count("since=2020-01-01T00:00:00Z"), count("until=2020-01-01T00:00:00Z")),
        (Some(2), Some(0))
    );
    let page = list("maxPageSize=1");
    let next = page["nextLink"].as_str().expect("a further page");
    let rest = owner.get(next).expect(200).body;
    assert_ne!(page["value"][0]["id"], rest["value"][0]["id"]);
    assert!(rest["nextLink"].is_null(), "{rest}");
    for bad in ["state=over", "callId=x", "since=yesterday", "maxPageSize=0"] {
        assert_eq!(owner.get(&format!("/api/v1/recordings?{bad}")).status, 400, "{bad}");
    }
    let _ = owner.delete(&format!("/api/v1/calls/{call}"));
    let over = |call: &Value| call["state"] == "ended";
    let _ = owner.wait(&format!("/api/v1/calls/{call}"), PATIENCE, over);
    let late = owner.post(&format!("/api/v1/calls/{call}/recordings"), &json!({})).expect(409);
    assert!(late.text.contains("\\\"always\\\""), "it says what to do: {}", late.text);
    for path in ["no-id", "0190163d-8694-739b-aea5-966c26f8ad90"] {
        assert_eq!(owner.get(&format!("/api/v1/recordings/{path}")).status, 404, "{path}");
        assert_eq!(owner.post(&format!("/api/v1/calls/{path}/recordings"), &json!({})).status, 404, "{path}");
    }
}
