//! The trunk doctor against SBCs that are well, busy and not there; and the way back, which shows what an SBC sends.

use crate::{PATIENCE, Tenant, dial_from_trunk};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::phone::{Answering, Phone, Sound};

/// How long an examination with one call may take.
const EXAMINED_WITHIN: Duration = Duration::from_secs(60);

fn examine(tenant: &Tenant, fqdn: &str, order: &Value) -> Value {
    let begun = tenant.api.post(&format!("/api/v1/trunks/{fqdn}:examine"), order).expect(201).body;
    let id = begun["id"].as_str().expect("an id");
    let path = format!("/api/v1/trunks/{fqdn}/reports/{id}");
    tenant.api.wait(&path, EXAMINED_WITHIN, |report| !report["endedAt"].is_null())
}

fn finding<'a>(report: &'a Value, topic: &str) -> &'a Value {
    let all = report["findings"].as_array().expect("findings");
    all.iter().find(|finding| finding["topic"] == topic).unwrap_or_else(|| panic!("no {topic} in {report}"))
}

#[test]
fn a_sound_sbc_passes_with_audio_a_key_hold_and_each_codec_that_it_has_and_pays_nothing() {
    let tenant = Tenant::new("Doctor Sound");
    let sbc = tenant.trunk("sbc.doctor-sound.test", "127.22.9.1");
    sbc.answering(Answering::Answer { ring: Duration::from_millis(100), sound: Sound::Echo })
        .expect("it answers");
    let before = tenant.available();
    let order = json!({"echoNumber": "+46850000000", "from": tenant.number, "codecs": true});
    let report = examine(&tenant, "sbc.doctor-sound.test", &order);
    for topic in ["settings", "options", "invite", "audio", "dtmf", "hold"] {
        assert_eq!(finding(&report, topic)["state"], "passed", "{topic}: {report}");
    }
    assert!(finding(&report, "options")["tookMs"].is_u64(), "{report}");
    assert_eq!(finding(&report, "audio")["said"], "50 of 50 packets came back");
    let codecs: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["topic"] == "codec")
        .map(|finding| {
            (finding["state"].as_str().expect("a state"), finding["said"].as_str().expect("a text"))
        })
        .collect();
    assert_eq!(codecs.len(), 5, "{report}");
    assert!(codecs[..2].iter().all(|(state, _)| *state == "passed"), "PCMU and PCMA: {codecs:?}");
    assert!(
        codecs[2..].iter().all(|(state, _)| *state != "passed"),
        "the test's SBC has no others: {codecs:?}"
    );
    // The test call is a record like any other, and costs nothing.
    let id = finding(&report, "invite")["callId"].as_str().expect("a call").to_owned();
    let record = tenant.api.wait(&format!("/api/v1/calls/{id}"), PATIENCE, |call| call["state"] == "ended");
    assert_eq!(
        (record["total"]["amountMicros"].as_i64(), record["to"].as_str()),
        (Some(0), Some("+46850000000"))
    );
    assert_eq!(tenant.available(), before);
}

#[test]
fn an_sbc_that_refuses_and_one_that_is_not_there_are_told_apart_with_what_to_do() {
    let tenant = Tenant::new("Doctor Sick");
    let sbc = tenant.trunk("sbc.doctor-busy.test", "127.22.9.2");
    sbc.answering(Answering::Refuse(403)).expect("it refuses");
    let report = examine(&tenant, "sbc.doctor-busy.test", &json!({"echoNumber": "+46850000000"}));
    let invite = finding(&report, "invite");
    assert_eq!(
        (invite["state"].as_str(), report["worst"].as_str()),
        (Some("failed"), Some("failed")),
        "{report}"
    );
    assert!(invite["said"].as_str().expect("a text").contains("403"), "{report}");
    assert!(invite["remedy"].as_str().expect("a remedy").contains("allow this platform's addresses"));
    // Over TCP a closed port is found at once; nobody waits for OPTIONS.
    let fqdn = "sbc.doctor-gone.test";
    drop(tenant.trunk(fqdn, "127.22.9.3"));
    let tcp = json!({"transport": "tcp"});
    let _ = tenant.api.patch(&format!("/api/v1/trunks/{fqdn}"), &tcp).expect(200);
    let report = examine(&tenant, fqdn, &json!({}));
    assert_eq!(finding(&report, "connect")["state"], "failed", "{report}");
    assert_eq!(finding(&report, "options")["state"], "failed", "{report}");
    assert_eq!(finding(&report, "invite")["state"], "skipped", "{report}");
}

#[test]
fn the_doctor_calls_no_emergency_number_and_shows_nothing_to_strangers() {
    let tenant = Tenant::new("Doctor Walls");
    drop(tenant.trunk("sbc.doctor-walls.test", "127.22.9.4"));
    let path = "/api/v1/trunks/sbc.doctor-walls.test:examine";
    let refused = tenant.api.post(path, &json!({"echoNumber": "112"})).expect(400).body;
    assert_eq!(refused["error"]["target"], "echoNumber", "{refused}");
    let begun = tenant.api.post(path, &json!({})).expect(201).body;
    let report =
        format!("/api/v1/trunks/sbc.doctor-walls.test/reports/{}", begun["id"].as_str().expect("an id"));
    let stranger = Tenant::new("Doctor Stranger");
    for path in [report.as_str(), "/api/v1/trunks/sbc.doctor-walls.test/heard"] {
        let _ = stranger.api.get(path).expect(404);
    }
    let _ = stranger.api.post(path, &json!({})).expect(404);
    let _ = stranger.api.post("/api/v1/trunks/sbc.doctor-walls.test:listen", &json!({})).expect(404);
}

#[test]
fn what_an_sbc_sends_is_shown_with_the_rule_that_knew_it_or_what_to_change() {
    let tenant = Tenant::new("Doctor Listens");
    let fqdn = "sbc.doctor-listens.test";
    let sbc = tenant.trunk(fqdn, "127.22.9.5");
    let listening = tenant.api.post(&format!("/api/v1/trunks/{fqdn}:listen"), &json!({})).expect(200).body;
    assert!(listening["until"].is_string(), "{listening}");
    let heard = format!("/api/v1/trunks/{fqdn}/heard");
    let call = sbc.call(&dial_from_trunk(tenant.edge, fqdn, "+12025550100", "+46850000000")).expect("a call");
    let first = tenant.api.wait(&heard, PATIENCE, |seen| seen["heard"][0]["outcome"] == "trunk");
    assert_eq!(first["heard"][0]["rules"][1]["fits"], true, "{first}");
    drop(call);
    // The same name from an address that nobody knows.
    let other = Phone::bind("127.22.9.6:5060").expect("an SBC");
    let call =
        other.call(&dial_from_trunk(tenant.edge, fqdn, "+12025550100", "+46850000000")).expect("a call");
    let second = tenant.api.wait(&heard, PATIENCE, |seen| seen["heard"][0]["outcome"] == "stranger");
    assert_eq!(second["heard"][0]["remedy"], "add 127.22.9.6 to the trunk's addresses", "{second}");
    drop(call);
}
