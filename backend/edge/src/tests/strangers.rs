//! What those get whom nobody knows, and what makes no sense.

use super::fakes;
use super::peers::Raw;
use super::{Edge, wait_for};
use sip::wire::HeaderName;

#[test]
fn a_stranger_who_calls_is_refused_without_a_word() {
    let edge = Edge::start();
    let response = Raw::new(edge.addr).ask("INVITE", "sip:+15550100@edge.test", "");
    assert_eq!(response.status(), Some(403));
    assert_eq!(response.header(HeaderName::Reason), None);
    assert_eq!(response.header(HeaderName::Server), None);
    assert_eq!((edge.handle.counters().strangers, edge.handle.counters().calls), (1, 0));
}

#[test]
fn a_stranger_who_asks_hears_nothing_and_a_trunk_hears_what_is_served() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let question = raw.request("OPTIONS", "sip:edge.test", "");
    raw.send(&question);
    // One shard keeps the order: the first answer that comes is the second request's.
    assert_eq!(raw.ask("FOO", "sip:edge.test", "").status(), Some(501));

    edge.business.trust(raw.addr());
    let response = raw.ask("OPTIONS", "sip:edge.test", "");
    assert_eq!(response.status(), Some(200));
    assert!(response.header(HeaderName::Allow).unwrap().contains("INVITE"));
    assert_eq!(response.header(HeaderName::Accept), Some("application/sdp"));
}

#[test]
fn a_tenant_that_is_refused_hears_why() {
    let edge = Edge::start();
    let response = Raw::new(edge.addr).ask("INVITE", &format!("sip:1@{}", fakes::SUSPENDED), "");
    assert_eq!(response.status(), Some(403));
    assert_eq!(response.header(HeaderName::Reason), Some("Q.850;cause=21;text=\"tenant-suspended\""));
}

#[test]
fn a_malformed_request_gets_400_and_the_reason() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    let sound = raw.request("OPTIONS", "sip:edge.test", "");
    for (wrong, reason) in [
        (sound.replace("Content-Length: 0", "Content-Length: 99"), "shorter"),
        (sound.replace("Content-Length: 0", "Content-Length: 18446744073709551615"), "Content-Length"),
        (sound.replace(" OPTIONS\r\nMax", " INVITE\r\nMax"), "CSeq"),
        (sound.replace("Max-Forwards: 70", "Max-Forwards: many"), "Max-Forwards"),
        (sound.replace("To: <", "To: \"<"), "To"),
    ] {
        assert_ne!(wrong, sound);
        raw.send(&wrong);
        let response = raw.receive();
        assert_eq!(response.status(), Some(400), "{wrong}");
        assert!(response.reason().contains(reason), "{}", response.reason());
    }
    assert_eq!(edge.handle.counters().parse_errors, 5);
}

#[test]
fn methods_are_refused_by_what_is_known_of_them() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    for (method, status) in [("FOO", 501), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("REFER", 405)] {
        let response = raw.ask(method, "sip:edge.test", "");
        assert_eq!(response.status(), Some(status), "{method}");
        assert!(response.header(HeaderName::Allow).is_some());
    }
    // BYE belongs to a dialog, and there is none.
    assert_eq!(raw.ask("BYE", "sip:edge.test", "").status(), Some(481));
}

#[test]
fn what_is_no_message_is_met_with_silence() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    for noise in ["\r\n\r\n", "", "\0", "GET / HTTP/1.1\r\nHost: edge.test\r\n\r\n", "SIP/2.0 999 x\r\n\r\n"]
    {
        raw.send(noise);
    }
    let stray = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKnotours\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n";
    raw.send(stray);
    assert_eq!(raw.ask("FOO", "sip:edge.test", "").status(), Some(501));
    let counters = wait_for("the counters", || {
        let counters = edge.handle.counters();
        (counters.stray_responses == 1).then_some(counters)
    });
    assert_eq!((counters.keep_alives, counters.parse_errors), (3, 2));
    assert_eq!(counters.requests.iter().map(|(_, count)| count).sum::<u64>(), 1);
}
