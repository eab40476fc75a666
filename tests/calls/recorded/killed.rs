//! kill -9 while a call is recorded: what was written can be heard, and nothing else is left.

use super::{CALLEE_HZ, CALLER_HZ, audio, call, house_of, policy, quarters, recording};
use crate::{BINARY, Tenant};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    fs,
    net::Ipv4Addr,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use testkit::server::{Options, PASSWORD, Server};

/// What a file takes that holds two seconds and more: its head, and chunks of 16,000 bytes and a tag.
const TWO_SECONDS: u64 = 80 + 2 * 16_016;
const DEADLINE: Duration = Duration::from_secs(20);

fn amount(of: &Value, what: &str) -> i64 {
    of[what]["amountMicros"].as_i64().expect("an amount")
}

fn files(server: &Server) -> Vec<PathBuf> {
    let all = fs::read_dir(server.data().join("recordings")).expect("a directory");
    all.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn after_kill_9_a_recording_is_heard_up_to_then_no_file_is_nobodys_and_the_call_is_closed_and_charged() {
    let options =
        Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 23, 6, 1), settings: Vec::new() };
    let mut server = Server::start_with(options);
    let (tenant, sbc, phone) =
        house_of(Tenant::on(&server, "Recorded Killed"), "recorded-killed", ["127.23.6.2", "127.23.6.3"]);
    policy(&tenant.api, "always", "none");
    let before = tenant.available();
    let (id, voice) = call(&tenant, &sbc);
    let live = recording(&tenant.api, &id, "recording");
    let own = live["id"].as_str().expect("an id").to_owned();
    let file = server.data().join("recordings").join(format!("{own}.rec"));
    let orphan = file.with_file_name("0197c3b4-0000-7000-8000-000000000001.rec");
    fs::write(&orphan, b"nobody's").expect("it is written");
    let end = Instant::now() + DEADLINE;
    while fs::metadata(&file).map_or(0, |file| file.len()) < TWO_SECONDS {
        assert!(Instant::now() < end, "two seconds are recorded");
        thread::sleep(Duration::from_millis(20));
    }
    let killed_at = Utc::now();
    server.kill();
    drop((voice, phone));
    let written = fs::metadata(&file).expect("it is there").len();
    server.restart();

    let api = server.anonymous().sign_in("recorded-killed@tenant.test", PASSWORD);
    let failed = recording(&api, &id, "failed");
    let why = failed["failure"].as_str().expect("a reason");
    assert!(why.contains("the platform stopped") && why.contains("can be heard up to then"), "{failed}");
    assert_eq!((&failed["id"], &failed["bytes"]), (&json!(own), &json!(written)), "{failed}");
    let seconds = (written - 80) / 16_016;
    assert_eq!(failed["durationMs"], seconds * 1_000, "whole seconds: {failed}");
    for (channel, hertz) in [("caller", CALLER_HZ), ("callee", CALLEE_HZ)] {
        let quarters = quarters(&audio(&api, &failed, channel), hertz);
        let heard = quarters.iter().filter(|quarter| **quarter == 'T').count();
        assert!(quarters.len() as u64 == seconds * 4 && heard >= 4, "{channel}: {quarters:?}");
    }
    assert_eq!(files(&server), std::slice::from_ref(&file), "a file of nobody is removed, and no other");
    let record = api.get(&format!("/api/v1/calls/{id}")).expect(200).body;
    assert_eq!(
        (&record["state"], &record["outcome"]["cause"]),
        (&json!("ended"), &json!("platform-stopped"))
    );
    let balance = api.get("/api/v1/balance").expect(200).body;
    assert_eq!(amount(&balance, "held"), 0, "no hold is left");
    assert_eq!(before - amount(&balance, "available"), amount(&record, "total"), "what is gone is charged");
    let charges = record["charges"].as_array().expect("charges");
    assert!(!charges.is_empty(), "{record}");
    assert!(charges.iter().all(|charge| charge["billedMs"] == record["durationMs"]), "{record}");
    let ended: DateTime<Utc> = record["endedAt"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(ended <= killed_at, "nobody pays for the time after the crash: {record}");
    let over = api.post(&format!("/api/v1/calls/{id}/recordings"), &json!({})).expect(409);
    assert!(over.text.contains("the call is over"), "{}", over.text);
    let _ = api.delete(&format!("/api/v1/recordings/{own}")).expect(204);
    assert!(files(&server).is_empty(), "what is deleted is gone");
}
