//! kill -9 in the middle of a hundred calls.

use crate::{BINARY, Tenant, dial};
use serde_json::Value;
use std::{net::Ipv4Addr, time::Duration};
use testkit::server::{Options, Server};

const CALLS: usize = 100;

#[test]
fn after_kill_9_every_answered_call_is_closed_and_charged_and_no_hold_is_left() {
    let options =
        Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 23, 1, 1), settings: Vec::new() };
    let mut server = Server::start_with(options);
    let mut tenant = Tenant::on(&server, "Survives");
    let (phone, account) = tenant.phone("crowd", "127.23.2.1");
    let before = tenant.available();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| phone.call(&dial(&account, &tenant.number, "+12065550195")).expect("a call"))
        .collect();
    for call in &calls {
        call.wait_answered().expect("it is answered");
    }
    // Two of them end in good order before the crash, and more are only ringing.
    let _ = calls[0].bye().expect("it ends");
    let _ = calls[1].bye().expect("it ends");
    let _ringing: Vec<_> = (0..5)
        .map(|_| phone.call(&dial(&account, &tenant.number, "+12065550170")).expect("a call"))
        .collect();
    std::thread::sleep(Duration::from_secs(12)); // longer than the ten seconds between two checkpoints at most
    let killed_at = chrono::Utc::now();
    server.kill();
    server.restart();

    let api = server.anonymous().sign_in("survives@tenant.test", testkit::server::PASSWORD);
    let list = api.get("/api/v1/calls?maxPageSize=1000").expect(200).body;
    let list = list["value"].as_array().expect("calls").clone();
    assert!(list.iter().all(|call| call["state"] == "ended"), "a call is still open");
    let answered: Vec<&Value> = list.iter().filter(|call| call["answeredAt"].is_string()).collect();
    assert_eq!(answered.len(), CALLS, "each answered call has its record");
    let mut total = 0;
    for call in &answered {
        let charge = call["total"]["amountMicros"].as_i64().expect("a total");
        let ended = call["endedAt"]
            .as_str()
            .expect("a time")
            .parse::<chrono::DateTime<chrono::Utc>>()
            .expect("RFC 3339");
        assert!(ended <= killed_at, "nobody pays for the time after the crash: {call}");
        total += charge;
    }
    let cut: Vec<_> = answered.iter().filter(|call| call["outcome"]["cause"] == "platform-stopped").collect();
    assert_eq!(cut.len(), CALLS - 2);
    for call in &cut {
        let ended = call["endedAt"]
            .as_str()
            .expect("a time")
            .parse::<chrono::DateTime<chrono::Utc>>()
            .expect("RFC 3339");
        assert!(
            killed_at - ended <= chrono::Duration::seconds(10),
            "charged up to the last checkpoint: {call}"
        );
        assert!(call["total"]["amountMicros"].as_i64().is_some_and(|charge| charge > 0), "{call}");
    }
    assert!(
        list.iter()
            .filter(|call| call["answeredAt"].is_null())
            .all(|call| call["total"]["amountMicros"] == 0)
    );
    let balance = api.get("/api/v1/balance").expect(200).body;
    assert_eq!(balance["held"]["amountMicros"], 0, "no hold is left");
    assert_eq!(
        before - balance["available"]["amountMicros"].as_i64().expect("an amount"),
        total,
        "what is gone is what is charged"
    );
}

#[test]
fn sigterm_lets_calls_end_writes_them_down_and_stops() {
    let options =
        Options { binary: BINARY.into(), address: Ipv4Addr::new(127, 23, 1, 2), settings: Vec::new() };
    let mut server = Server::start_with(options);
    let mut tenant = Tenant::on(&server, "Drained");
    let (phone, account) = tenant.phone("last", "127.23.2.2");
    let call = phone.call(&dial(&account, &tenant.number, "+12065550195")).expect("a call");
    call.wait_answered().expect("it is answered");
    let status = server.stop();
    assert!(status.success(), "{status}: {}", server.output());
    let _ = call.wait_ended(Duration::from_secs(5)).expect("it was hung up on");
    server.restart();
    let api = server.anonymous().sign_in("drained@tenant.test", testkit::server::PASSWORD);
    let record = api.get("/api/v1/calls").expect(200).body["value"][0].clone();
    assert_eq!(
        (record["state"].as_str(), record["outcome"]["cause"].as_str()),
        (Some("ended"), Some("platform-stopped")),
        "{record}"
    );
    assert!(record["total"]["amountMicros"].as_i64().is_some_and(|total| total > 0), "{record}");
}
