//! A call between two tenants that both record: each for itself, as if the other one did not.

use super::{CALLEE_HZ, CALLER_HZ, WHILE, audio, call_to, end, policy, quarters, recording};
use crate::{PATIENCE, Tenant, attack::tools::Sbc, server};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{thread, time::Duration};
use testkit::{
    phone::{Answering, Sound},
    server::Client,
};

fn id(of: &Value) -> &str {
    of["id"].as_str().expect("an id")
}

/// For how many days it is kept.
fn days(recording: &Value) -> i64 {
    let at = |what: &str| -> DateTime<Utc> {
        recording[what].as_str().expect("a time").parse().expect("RFC 3339")
    };
    (at("expiresAt") - at("startedAt") + TimeDelta::seconds(1)).num_days()
}

/// To a tenant, nothing is there of the other one's recording and record of the call.
fn is_walled(api: &Client, own: &Value, other: &Value) {
    let path = format!("/api/v1/recordings/{}", id(other));
    for get in [path.clone(), format!("{path}/audio")] {
        assert_eq!(api.get(&get).status, 404, "{get}");
    }
    for verb in ["pause", "resume", "stop"] {
        assert_eq!(api.post(&format!("{path}:{verb}"), &json!({})).status, 404, "{verb}");
    }
    assert_eq!(api.delete(&path).status, 404);
    let call = other["callId"].as_str().expect("a call");
    assert_eq!(api.post(&format!("/api/v1/calls/{call}/recordings"), &json!({})).status, 404);
    let of_call = api.get(&format!("/api/v1/recordings?callId={call}")).expect(200).body;
    assert_eq!(of_call["value"], json!([]));
    let all = api.get("/api/v1/recordings").expect(200).body;
    let ids: Vec<_> = all["value"].as_array().expect("a list").iter().map(id).collect();
    assert_eq!(ids, [id(own)], "{all}");
}

/// What is heard of a side from its first tone to its last: how many quarters of a second, and how many of them are silent.
fn heard(api: &Client, recording: &Value, (channel, hertz): (&str, f64)) -> (usize, usize) {
    let quarters = quarters(&audio(api, recording, channel), hertz);
    let is_tone = |quarter: &char| *quarter == 'T';
    let first = quarters.iter().position(is_tone).expect("a tone");
    let last = quarters.iter().rposition(is_tone).expect("a tone");
    let within = &quarters[first..=last];
    (within.len(), within.iter().filter(|quarter| **quarter == '.').count())
}

/// A tenant that calls, and one whose number is answered by an SBC of its own that says the callee's tone.
fn two() -> (Tenant, Sbc, Tenant, testkit::phone::Phone) {
    let [payer, callee] = ["Recorded Payer", "Recorded Callee"].map(Tenant::new);
    let sbc = Sbc::of(&payer, "sbc.recorded-payer.test", "127.22.96.7");
    let phone = callee.trunk("answers.recorded-callee.test", "127.22.96.8");
    let answering = Answering::Answer { ring: Duration::from_millis(50), sound: Sound::Tone };
    phone.answering(answering).expect("it answers");
    callee.bind("trunk", "answers.recorded-callee.test");
    (payer, sbc, callee, phone)
}

#[test]
fn two_tenants_of_a_call_record_it_each_by_its_own_policy_orders_and_end_and_neither_sees_the_others() {
    let (payer, sbc, callee, _phone) = two();
    policy(&payer.api, "always", "tone");
    let longer = json!({"mode": "always", "retentionDays": 90, "notice": "tone"});
    let _ = callee.api.send("PUT", "/api/v1/recordingPolicy", Some(&longer)).expect(200);
    let (call, voice) = call_to(&callee.number, &payer, &sbc);
    let own = recording(&payer.api, &call, "recording");
    let live = callee.api.get("/api/v1/calls?state=live").expect(200).body;
    let their_call = id(&live["value"][0]).to_owned();
    let theirs = recording(&callee.api, &their_call, "recording");
    assert!(call != their_call && id(&own) != id(&theirs), "each has its own");
    assert_eq!((days(&own), days(&theirs)), (7, 90), "{own} {theirs}");
    is_walled(&payer.api, &own, &theirs);
    is_walled(&callee.api, &theirs, &own);
    let again = callee.api.post(&format!("/api/v1/calls/{their_call}/recordings"), &json!({})).expect(409);
    assert!(again.text.contains(id(&theirs)) && !again.text.contains(id(&own)), "{}", again.text);

    let order = |api: &Client, of: &Value, verb: &str, state: &str| {
        let body = api.post(&format!("/api/v1/recordings/{}:{verb}", id(of)), &json!({})).expect(200).body;
        assert_eq!(body["state"], state, "{body}");
    };
    thread::sleep(WHILE);
    order(&callee.api, &theirs, "pause", "paused");
    assert_eq!(recording(&payer.api, &call, "recording")["id"], own["id"], "the payer's goes on");
    thread::sleep(WHILE);
    order(&callee.api, &theirs, "resume", "recording");
    thread::sleep(WHILE);
    order(&payer.api, &own, "stop", "ready");
    assert_eq!(recording(&callee.api, &their_call, "recording")["id"], theirs["id"], "the callee's goes on");
    thread::sleep(WHILE);
    end(&payer, &call);
    drop(voice);
    is_told(&payer, (&call, &own), &callee, (&their_call, &theirs));
}

/// The call is over: what each has of it, and that one is deleted alone.
fn is_told(
    payer: &Tenant,
    (call, own): (&str, &Value),
    callee: &Tenant,
    (their_call, theirs): (&str, &Value),
) {
    let done = recording(&payer.api, call, "ready");
    let their_done = recording(&callee.api, their_call, "ready");
    for recording in [&done, &their_done] {
        assert_eq!(
            (&recording["notice"], &recording["failure"]),
            (&json!("tone"), &Value::Null),
            "{recording}"
        );
    }
    let lasted = |recording: &Value| recording["durationMs"].as_u64().expect("a duration");
    assert!(lasted(&their_done) >= lasted(&done) + 1_000, "{done} {their_done}");
    for side in [("caller", CALLER_HZ), ("callee", CALLEE_HZ)] {
        let (sounds, silent) = heard(&payer.api, &done, side);
        assert!(sounds >= 12 && silent == 0, "{side:?} of the payer's: {silent} of {sounds}");
        let (sounds, silent) = heard(&callee.api, &their_done, side);
        assert!(sounds >= 18 && (4..=9).contains(&silent), "{side:?} of the callee's: {silent} of {sounds}");
    }
    let record = payer.api.get(&format!("/api/v1/calls/{call}")).expect(200);
    assert!(record.text.contains("it is recorded from the answer on"), "{}", record.text);
    assert!(!record.text.contains("calleeRecording") && !record.text.contains("90 days"), "{}", record.text);
    let record = callee.api.get(&format!("/api/v1/calls/{their_call}")).expect(200);
    assert!(!record.text.contains("7 days"), "{}", record.text);
    let file = |of: &Value| server().data().join("recordings").join(format!("{}.rec", id(of)));
    assert!(file(own).exists() && file(theirs).exists(), "each has its file");
    let _ = payer.api.delete(&format!("/api/v1/recordings/{}", id(own))).expect(204);
    assert!(!file(own).exists() && file(theirs).exists());
    assert!(heard(&callee.api, &their_done, ("caller", CALLER_HZ)).0 >= 18, "it is heard as before");
    let gone = |list: &Value| list["value"] == json!([]);
    let _ = payer.api.wait("/api/v1/recordings", PATIENCE, gone);
}
