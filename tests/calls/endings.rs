//! How calls end: early media, busy, no answer, decline, cancel, 503, a silent peer. Failed calls cost nothing.

use crate::{ECHO, PATIENCE, Tenant, dial, dial_from_trunk};
use serde_json::{Value, json};
use std::time::Duration;

/// A failed call's record: no charge, the far side's code, our word.
fn assert_failed(tenant: &Tenant, to: &str, code: i64, cause: &str) -> Value {
    let record = tenant.record(to);
    assert_eq!(record["total"]["amountMicros"], 0, "{record}");
    assert_eq!(record["charges"].as_array().map(Vec::len), Some(0), "{record}");
    assert_eq!(
        (record["outcome"]["code"].as_i64(), record["outcome"]["cause"].as_str()),
        (Some(code), Some(cause)),
        "{record}"
    );
    assert!(record["outcome"]["explanation"].as_str().is_some_and(|text| text.len() > 10));
    assert_eq!(tenant.held(), 0);
    record
}

fn fails(name: &str, address: &str, to: &str, status: u16, cause: &str, patience: Duration) {
    let mut tenant = Tenant::new(name);
    let (phone, account) = tenant.phone("caller", address);
    let call = phone.call(&dial(&account, &tenant.number, to)).expect("a call");
    let (seen, _) = call.wait_failed(patience).expect("it fails");
    assert_eq!(seen, status);
    let record = assert_failed(&tenant, to, i64::from(status), cause);
    assert_eq!(record["outcome"]["subCode"], 560_000 + i64::from(status), "{record}");
}

#[test]
fn a_busy_callee_is_busy_to_the_caller() {
    fails("Busy", "127.22.3.1", "+12065550160", 486, "busy", PATIENCE);
}

#[test]
fn a_declining_callee_declines() {
    fails("Declined", "127.22.3.2", "+12065550185", 603, "declined", PATIENCE);
}

#[test]
fn a_503_of_the_far_side_reaches_the_caller_unchanged() {
    fails("Overloaded", "127.22.3.3", "+12065550180", 503, "callee-failed", PATIENCE);
}

#[test]
fn a_peer_that_never_replies_is_given_up_after_timer_b() {
    let mut tenant = Tenant::new("Never Replies");
    let (phone, account) = tenant.phone("caller", "127.22.3.4");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550199")).expect("a call");
    let (status, _) = call.wait_failed(Duration::from_secs(45)).expect("it fails");
    assert_eq!(status, 408);
    let _ = assert_failed(&tenant, "+12065550199", 408, "unreachable");
}

#[test]
fn a_caller_who_gives_up_cancels_and_pays_nothing() {
    let mut tenant = Tenant::new("Gives Up");
    let (phone, account) = tenant.phone("caller", "127.22.3.5");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550170")).expect("a call");
    call.wait_ringing().expect("it rings");
    call.hang_up().expect("it is cancelled");
    let _ = call.wait_failed(PATIENCE).expect("487 comes");
    let _ = assert_failed(&tenant, "+12065550170", 487, "cancelled");
}

#[test]
fn early_media_is_heard_before_the_answer_and_not_charged() {
    let mut tenant = Tenant::new("Early");
    let (phone, account) = tenant.phone("caller", "127.22.3.6");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550190")).expect("a call");
    call.wait_early_media().expect("183 with media");
    let _ =
        call.wait_heard("early audio", PATIENCE, |heard| heard.packets > 5).expect("audio before the answer");
    call.wait_answered().expect("then the answer");
    let _ = call.bye().expect("it ends");
    let record = tenant.record("+12065550190");
    let at = |key: &str| {
        record[key].as_str().expect("a time").parse::<chrono::DateTime<chrono::Utc>>().expect("RFC 3339")
    };
    let answered_ms = (at("endedAt") - at("answeredAt")).num_milliseconds();
    assert!(
        (answered_ms - record["durationMs"].as_i64().expect("ms")).abs() <= 5,
        "charged from the answer on: {record}"
    );
    assert!(at("answeredAt") > at("startedAt"));
}

#[test]
fn a_callee_that_hangs_up_ends_the_call() {
    let mut tenant = Tenant::new("Far End Hangs Up");
    let (phone, account) = tenant.phone("caller", "127.22.3.7");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550150")).expect("a call");
    call.wait_answered().expect("it is answered");
    let heard = call.wait_heard("the tone", PATIENCE, |heard| heard.packets > 50).expect("a tone");
    assert_eq!(heard.lost, 0);
    let _ = call.wait_ended(Duration::from_secs(15)).expect("the far side hangs up after 10 s");
    let duration = tenant.record("+12065550150")["durationMs"].as_i64().expect("ms");
    assert!((9_500..11_500).contains(&duration), "{duration}");
}

#[test]
fn a_silent_callee_is_named_in_the_record() {
    let mut tenant = Tenant::new("Silent");
    let (phone, account) = tenant.phone("caller", "127.22.3.8");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550195")).expect("a call");
    call.wait_answered().expect("it is answered");
    call.send_tone(25).expect("the tone is sent");
    let _ = call.bye().expect("it ends");
    let legs = tenant.record("+12065550195")["legs"].clone();
    assert!(legs.to_string().contains("nothing-arrived"), "{legs}");
    assert!(legs.to_string().contains("flowing"), "{legs}");
}

#[test]
fn media_from_another_address_is_dropped_and_named() {
    let mut tenant = Tenant::new("Stray Media");
    let (phone, account) = tenant.phone("caller", "127.22.3.9");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550198")).expect("a call");
    call.wait_answered().expect("it is answered");
    call.send_tone(50).expect("the tone is sent");
    assert_eq!(call.heard().expect("counters").packets, 0, "nothing foreign is relayed");
    let _ = call.bye().expect("it ends");
    let legs = tenant.record("+12065550198")["legs"].clone();
    assert!(legs.to_string().contains("wrong-source"), "{legs}");
}

#[test]
fn a_call_without_any_media_ends_when_its_trunk_says_so() {
    let tenant = Tenant::new("Media Timeout");
    let (fqdn, address) = ("sbc.media-timeout.test", "127.22.3.90");
    let sbc = tenant.trunk(fqdn, address);
    let short = json!({"signaling": {"media": {"learning": true, "initialTimeoutSeconds": 5}}});
    let path = format!("/api/v1/trunks/{fqdn}");
    let trunk = tenant.api.patch(&path, &short).expect(200).body;
    assert_eq!(trunk["signaling"]["media"]["learning"], true, "{trunk}");
    let refused = json!({"signaling": {"media": {"timeoutSeconds": 1}}});
    let refused = tenant.api.patch(&path, &refused);
    assert!(refused.text.contains("signaling.media.timeoutSeconds"), "{} {}", refused.status, refused.text);
    // A callee that answers and never sends: nobody in this call does.
    let call = sbc.call(&dial_from_trunk(tenant.edge, fqdn, &tenant.number, "+12065550195")).expect("a call");
    call.wait_answered().expect("it is answered");
    let _ = call.wait_ended(Duration::from_secs(15)).expect("it is ended");
    let record = tenant.record("+12065550195");
    assert_eq!(record["outcome"]["cause"], "media-timeout", "{record}");
}

#[test]
fn the_owner_ends_a_live_call_over_the_api() {
    let mut tenant = Tenant::new("Ends Live");
    let (phone, account) = tenant.phone("caller", "127.22.3.10");
    let call = phone.call(&dial(&account, &tenant.number, ECHO)).expect("a call");
    call.wait_answered().expect("it is answered");
    let live = tenant.api.wait("/api/v1/calls", PATIENCE, |list| {
        list["value"][0]["state"] == "live" && list["value"][0]["answeredAt"].is_string()
    });
    let id = live["value"][0]["id"].as_str().expect("an id");
    let answer = tenant.api.delete(&format!("/api/v1/calls/{id}"));
    assert!(matches!(answer.status, 202 | 204), "{} {}", answer.status, answer.text);
    let _ = call.wait_ended(PATIENCE).expect("BYE comes");
    assert_eq!(tenant.record(ECHO)["outcome"]["cause"], "ended-by-command");
}

#[test]
fn a_phone_that_is_not_registered_is_said_to_be() {
    let mut tenant = Tenant::new("Not Registered");
    let (phone, account) = tenant.phone("caller", "127.22.3.11");
    let _ = tenant.api.post("/api/v1/sipUsers", &serde_json::json!({"username": "away"})).expect(201);
    let call = phone.call(&dial(&account, &tenant.number, "away")).expect("a call");
    let (status, reason) = call.wait_failed(PATIENCE).expect("it fails");
    assert_eq!(status, 480);
    assert!(reason.as_deref().is_some_and(|text| text.contains("not-registered")), "{reason:?}");
    let _ = assert_failed(&tenant, "away", 480, "not-registered");
}
