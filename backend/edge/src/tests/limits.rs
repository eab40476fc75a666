//! Bounds: what happens at them and beyond.

use super::fakes::{Business, FakeRelay, Phonebook};
use super::peers::Raw;
use super::{Edge, wait_for};
use crate::Config;
use crate::seam::{End, Refusal, Verdict};
use sip::wire::HeaderName;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// An edge whose business keeps every question, and the trunk that asks.
fn undecided(edge: &Edge) -> Raw {
    let raw = Raw::new(edge.addr);
    edge.business.trust(raw.addr());
    let kept = Mutex::new(Vec::new());
    edge.business.decide_by(move |_, reply| kept.lock().unwrap().push(reply));
    raw
}

#[test]
fn a_call_beyond_the_limit_gets_503_and_when_to_come_back_and_the_first_goes_on() {
    let edge = Edge::with(|config| config.limits.calls_max = 1);
    let mut raw = undecided(&edge);
    assert_eq!(raw.ask("INVITE", "sip:1@edge.test", "").status(), Some(100));
    wait_for("the first call", || (edge.handle.count() == 1).then_some(()));
    let second = raw.ask("INVITE", "sip:1@edge.test", "");
    assert_eq!((second.status(), second.header(HeaderName::RetryAfter)), (Some(503), Some("5")));
    assert_eq!(second.header(HeaderName::Reason), Some("Q.850;cause=41;text=\"platform-unavailable\""));
    assert_eq!((edge.handle.count(), edge.handle.counters().overloaded), (1, 1));
}

#[test]
fn a_draining_edge_takes_no_calls_and_ends_the_last_ones_in_time() {
    let edge = Edge::start();
    let mut raw = undecided(&edge);
    assert_eq!(raw.ask("INVITE", "sip:1@edge.test", "").status(), Some(100));
    wait_for("the first call", || (edge.handle.count() == 1).then_some(()));
    edge.handle.drain(Duration::from_millis(200));
    let second = raw.ask("INVITE", "sip:1@edge.test", "");
    assert_eq!((second.status(), second.header(HeaderName::RetryAfter)), (Some(503), Some("5")));
    assert_eq!(edge.handle.count(), 1, "the call that is up has its time");

    wait_for("the last call's end", || (edge.handle.count() == 0).then_some(()));
    let ended = edge.business.ended();
    assert!(matches!(&ended[0].end, End::Ours(Refusal { cause, .. }) if cause == "platform-stopped"));
    let last = raw.receive();
    assert_eq!(last.status(), Some(503));
}

#[test]
fn a_port_in_use_is_said_with_its_remedy() {
    let edge = Edge::start();
    let (_, runner) = crate::new(Config::new(edge.addr, [0; 32]));
    let (business, phones, relay) = <(Arc<Business>, Arc<Phonebook>, Arc<FakeRelay>)>::default();
    let error = runner.start(business, phones, relay).unwrap_err();
    assert_eq!(error.to_string(), format!("SIP port {} is in use: set DIALTONE_SIP__LISTEN", edge.addr));
}

#[test]
fn every_shard_serves_and_answers_come_home() {
    let edge = Edge::with(|config| config.shards = 4);
    let mut raw = Raw::new(edge.addr);
    edge.business.trust(raw.addr());
    edge.business.decide_by(|_, reply| {
        let cause = "number-not-found".into();
        reply.send(Verdict::Refuse(Refusal { status: 404, q850: 1, cause, retry_after: None }));
    });
    for _ in 0..32 {
        let request = raw.request("INVITE", "sip:1@edge.test", "");
        raw.send(&request);
        let response =
            wait_for("the refusal", || Some(raw.receive()).filter(|answer| answer.status() == Some(404)));
        let to = format!("To: {}", response.header(HeaderName::To).unwrap());
        raw.send(request.replace("To: <sip:1@edge.test>", &to).replace("INVITE", "ACK"));
    }
    wait_for("all ends", || (edge.business.ended().len() == 32).then_some(()));
}
