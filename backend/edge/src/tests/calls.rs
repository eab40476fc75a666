//! Calls between two phones through the edge, decided by the fake business.

use super::fakes::{PASSWORD, USER};
use super::peers::{Phone, Raw, until};
use super::{DOMAIN, Edge, wait_for};
use crate::seam::{
    Attempt, CallSummary, End, FAILOVER_ON, Hop, LegPolicy, Plan, Prompts, Refusal, Side, Target, Verdict,
};
use sip::Transport;
use sip::ua::{Account, CallId, EndedBy, Event};
use sip::wire::HeaderName;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn refusal(status: u16, cause: &'static str) -> Refusal {
    Refusal { status, q850: 21, cause: cause.into(), retry_after: None }
}

pub(super) fn plan(targets: impl IntoIterator<Item = Target>) -> Plan {
    let attempt = |target| Attempt {
        target,
        caller_id: Some("+15550111".to_owned()),
        from_host: None,
        callee: "+15550100".to_owned(),
        headers: vec![("P-Asserted-Identity".to_owned(), "<sip:+15550111@edge.test>".to_owned())],
        failover_on: FAILOVER_ON.as_slice().into(),
        credentials: None,
        part: None,
        leg: LegPolicy::default(),
    };
    Plan {
        attempts: targets.into_iter().map(attempt).collect(),
        funded: None,
        extend_lead: Duration::ZERO,
        max_duration: Duration::from_secs(3_600),
        out_of_funds: refusal(403, "out-of-funds"),
        over_time: refusal(403, "duration-limit"),
        prompts: Prompts::default(),
        caller: LegPolicy::default(),
    }
}

pub(super) fn host(address: SocketAddr) -> Target {
    Target::Hosts { host: "carrier.test".to_owned(), hops: vec![Hop { address, transport: Transport::Udp }] }
}

/// An edge, a trunk that calls and a callee to whom every call goes.
pub(super) fn trio() -> (Edge, Phone, Phone) {
    let edge = Edge::start();
    let (caller, callee) = (Phone::new(edge.addr, "caller"), Phone::new(edge.addr, "callee"));
    edge.business.trust(caller.addr());
    edge.business.always(Verdict::Connect(plan([host(callee.addr())])));
    (edge, caller, callee)
}

fn incoming(callee: &mut Phone) -> Option<CallId> {
    callee.take(|event| match event {
        Event::Incoming { call, .. } => Some(*call),
        _ => None,
    })
}

/// Lets the callee answer; gives the calls of both sides.
pub(super) fn connect(caller: &mut Phone, callee: &mut Phone) -> (CallId, CallId) {
    let out = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    answered(out, caller, callee)
}

fn answered(out: CallId, caller: &mut Phone, callee: &mut Phone) -> (CallId, CallId) {
    let call = until("the INVITE", &mut [caller, callee], |phones| incoming(phones[1]));
    callee.answer(call);
    until("the answer", &mut [caller, callee], |phones| {
        phones[0].take(|event| matches!(event, Event::Answered { .. }).then_some(()))
    });
    until("the ACK", &mut [caller, callee], |phones| {
        phones[1].take(|event| matches!(event, Event::Confirmed { .. }).then_some(()))
    });
    (out, call)
}

fn failed(caller: &mut Phone, others: &mut [&mut Phone]) -> (u16, Option<String>) {
    let mut phones: Vec<&mut Phone> = vec![caller];
    phones.extend(others.iter_mut().map(|phone| &mut **phone));
    until("the failure", &mut phones, |phones| {
        phones[0].take(|event| match event {
            Event::Failed { status, reason, .. } => Some((*status, reason.clone())),
            _ => None,
        })
    })
}

pub(super) fn over(what: &str, phones: &mut [&mut Phone]) {
    for at in 0..phones.len() {
        until(what, phones, |phones| {
            phones[at].take(|event| matches!(event, Event::Ended { .. }).then_some(()))
        });
    }
}

fn summary(edge: &Edge) -> CallSummary {
    let ended =
        wait_for("the end of the call", || Some(edge.business.ended()).filter(|ended| !ended.is_empty()));
    assert_eq!(ended.len(), 1);
    ended[0].clone()
}

#[test]
fn a_trunks_call_reaches_the_callee_and_its_bye_ends_it_once() {
    let (edge, mut caller, mut callee) = trio();
    let out = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let (call, invite, offer) = until("the INVITE", &mut [&mut caller, &mut callee], |phones| {
        phones[1].take(|event| match event {
            Event::Incoming { call, message, sdp, .. } => Some((*call, message.clone(), sdp.clone())),
            _ => None,
        })
    });
    assert_eq!(invite.request_uri(), Some("sip:+15550100@carrier.test"));
    assert_eq!(invite.from().unwrap().uri, "sip:+15550111@127.0.0.1");
    assert_eq!(invite.header(HeaderName::PAssertedIdentity), Some("<sip:+15550111@edge.test>"));
    assert!(offer.unwrap().ends_with(b"a=relayed:A-Offer\r\n"));
    let callee_call_id = invite.call_id().map(str::to_owned);

    callee.agent.ring(Instant::now(), call).unwrap();
    until("the ringing", &mut [&mut caller, &mut callee], |phones| {
        phones[0].take(|event| matches!(event, Event::Ringing { .. }).then_some(()))
    });
    callee.answer(call);
    let answer = until("the answer", &mut [&mut caller, &mut callee], |phones| {
        phones[0].take(|event| match event {
            Event::Answered { sdp, .. } => Some(sdp.clone()),
            _ => None,
        })
    });
    assert!(answer.unwrap().ends_with(b"a=relayed:B-Answer\r\n"));

    let live = edge.handle.live();
    assert_eq!((edge.handle.count(), live.len()), (1, 1));
    assert!(live[0].answered_at.is_some() && live[0].media.is_some());
    assert_eq!(edge.handle.live_call(live[0].call).as_ref(), Some(&live[0]));
    assert_eq!(*edge.business.answered.lock().unwrap(), [(live[0].call, 0)]);
    assert_eq!(edge.relay.joined.lock().unwrap().len(), 1);

    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    over("BYE", &mut [&mut caller, &mut callee]);
    let summary = summary(&edge);
    assert_eq!(summary.call, live[0].call);
    assert_eq!(summary.end, End::Hangup { by: Side::A, q850: None });
    assert_eq!((summary.attempt, summary.answered_at), (Some(0), live[0].answered_at));
    assert!(summary.media.is_some() && summary.duration > Duration::ZERO);
    assert_eq!(summary.callee_call_id, callee_call_id);
    assert_eq!(live[0].peers, summary.peers, "a live call says where its peers are");
    let peers = summary.peers.map(|peer| peer.unwrap().address);
    assert_eq!(peers, [caller.addr(), callee.addr()]);
    assert!(edge.handle.live().is_empty());
}

#[test]
fn a_user_is_asked_for_its_password_and_calls() {
    let (edge, _, mut callee) = trio();
    let mut caller = Phone::new(edge.addr, "alice");
    let account = Account { username: USER.to_owned(), password: PASSWORD.to_owned() };
    let out = caller.call("+1@t.test", "+15550100@t.test", Some(account));
    let (out, _) = answered(out, &mut caller, &mut callee);
    let facts = edge.business.decided.lock().unwrap()[0].clone();
    assert_eq!(
        (&*facts.party.name, facts.to.as_str(), facts.from.as_deref()),
        (USER, "+15550100", Some("+1"))
    );
    assert_eq!(edge.handle.counters().challenges, 1);
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    over("BYE", &mut [&mut caller, &mut callee]);
    summary(&edge);
}

#[test]
fn a_user_with_a_wrong_password_calls_nobody() {
    let (edge, _, _) = trio();
    let mut caller = Phone::new(edge.addr, "alice");
    let account = Account { username: USER.to_owned(), password: "guess".to_owned() };
    caller.call("+1@t.test", "+15550100@t.test", Some(account));
    assert_eq!(failed(&mut caller, &mut []), (403, None));
    assert!(edge.business.decided.lock().unwrap().is_empty());
}

#[test]
fn a_registered_phone_rings_and_one_that_is_not_is_said_to_be() {
    let (edge, mut caller, _) = trio();
    let mut callee = Phone::new(edge.addr, "alice");
    edge.business.always(Verdict::Connect(plan([Target::Registered { aor: format!("alice@{DOMAIN}") }])));
    caller.call("+1@sbc.test", "alice@edge.test", None);
    let (status, reason) = failed(&mut caller, &mut []);
    assert_eq!((status, reason.as_deref()), (480, Some("Q.850;cause=20;text=\"not-registered\"")));

    let registration = sip::ua::Registration {
        registrar: edge.addr,
        domain: DOMAIN.to_owned(),
        account: Account { username: USER.to_owned(), password: PASSWORD.to_owned() },
        expires: Duration::from_secs(600),
    };
    callee.agent.register(Instant::now(), registration).unwrap();
    until("Registered", &mut [&mut callee], |phones| {
        phones[0].take(|event| matches!(event, Event::Registered { .. }).then_some(()))
    });
    caller.call("+1@sbc.test", "alice@edge.test", None);
    let (call, uri) = until("the INVITE", &mut [&mut caller, &mut callee], |phones| {
        phones[1].take(|event| match event {
            Event::Incoming { call, message, .. } => {
                Some((*call, message.request_uri().unwrap_or_default().to_owned()))
            }
            _ => None,
        })
    });
    assert!(uri.contains(&callee.addr().to_string()), "{uri}");
    callee.agent.refuse(Instant::now(), call, 486, &[]).unwrap();
    assert_eq!(failed(&mut caller, &mut [&mut callee]).0, 486);
    let ends: Vec<_> = edge.business.ended().into_iter().map(|summary| summary.end).collect();
    assert_eq!(ends.len(), 2);
    assert_eq!(ends[1], End::Failed { status: 486, q850: None });
}

#[test]
fn the_next_host_is_tried_and_the_summary_says_which_attempt_it_was() {
    let (edge, mut caller, mut callee) = trio();
    let mut busy = Phone::new(edge.addr, "busy");
    edge.business.always(Verdict::Connect(plan([host(busy.addr()), host(callee.addr())])));
    let out = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let call = until("the first INVITE", &mut [&mut caller, &mut busy], |phones| incoming(phones[1]));
    busy.agent.refuse(Instant::now(), call, 503, &[]).unwrap();
    busy.turn();
    let (out, _) = answered(out, &mut caller, &mut callee);
    assert_eq!(edge.business.answered.lock().unwrap()[0].1, 1);
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    over("BYE", &mut [&mut caller, &mut callee]);
    assert_eq!(summary(&edge).attempt, Some(1));
}

#[test]
fn a_refusal_of_the_business_reaches_the_caller_with_its_reason() {
    let (edge, mut caller, _) = trio();
    edge.business.always(Verdict::Refuse(refusal(403, "balance-too-low")));
    caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let (status, reason) = failed(&mut caller, &mut []);
    assert_eq!((status, reason.as_deref()), (403, Some("Q.850;cause=21;text=\"balance-too-low\"")));
    let summary = summary(&edge);
    assert_eq!(summary.end, End::Ours(refusal(403, "balance-too-low")));
    assert_eq!((summary.duration, summary.attempt), (Duration::ZERO, None));
}

#[test]
fn a_question_that_the_business_lets_fall_is_answered_with_503() {
    let (edge, mut caller, _) = trio();
    edge.business.decide_by(|_, reply| drop(reply));
    caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let (status, reason) = failed(&mut caller, &mut []);
    assert_eq!((status, reason.as_deref()), (503, Some("Q.850;cause=41;text=\"platform-unavailable\"")));
    assert!(matches!(summary(&edge).end, End::Ours(Refusal { status: 503, .. })));
}

#[test]
fn a_decision_that_does_not_come_in_time_is_503_and_its_late_answer_changes_nothing() {
    let edge = Edge::with(|config| config.limits.decision_timeout = Duration::from_millis(100));
    let (mut caller, mut callee) = (Phone::new(edge.addr, "caller"), Phone::new(edge.addr, "callee"));
    edge.business.trust(caller.addr());
    let (late, replies) = std::sync::mpsc::channel();
    let late = Mutex::new(late);
    edge.business.decide_by(move |_, reply| drop(late.lock().unwrap().send(reply)));
    caller.call("+1@sbc.test", "+15550100@edge.test", None);
    assert_eq!(failed(&mut caller, &mut []).0, 503);
    assert_eq!(edge.handle.counters().undecided, 1);

    replies.recv().unwrap().send(Verdict::Connect(plan([host(callee.addr())])));
    // The next call is decided after the late answer was heard, on the same shard.
    let target = callee.addr();
    edge.business.always(Verdict::Connect(plan([host(target)])));
    let (out, _) = connect(&mut caller, &mut callee);
    assert!(incoming(&mut callee).is_none(), "the late answer rang the callee");
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    over("BYE", &mut [&mut caller, &mut callee]);
    wait_for("both ends", || (edge.business.ended().len() == 2).then_some(()));
}

#[test]
fn a_caller_who_gives_up_ends_the_call_once() {
    let (edge, mut caller, mut callee) = trio();
    let out = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let call = until("the INVITE", &mut [&mut caller, &mut callee], |phones| incoming(phones[1]));
    callee.agent.ring(Instant::now(), call).unwrap();
    until("the ringing", &mut [&mut caller, &mut callee], |phones| {
        phones[0].take(|event| matches!(event, Event::Ringing { .. }).then_some(()))
    });
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    until("the CANCEL", &mut [&mut caller, &mut callee], |phones| {
        phones[1].take(|event| matches!(event, Event::Cancelled { .. }).then_some(()))
    });
    assert_eq!(failed(&mut caller, &mut [&mut callee]).0, 487);
    assert_eq!(summary(&edge).end, End::Cancelled);
}

#[test]
fn an_order_ends_an_answered_call_on_both_sides_with_its_reason() {
    let (edge, mut caller, mut callee) = trio();
    connect(&mut caller, &mut callee);
    let call = edge.handle.live()[0].call;
    assert!(edge.handle.end(call, refusal(480, "ended-by-command")));
    for at in 0..2 {
        let (by, reason) = until("BYE", &mut [&mut caller, &mut callee], |phones| {
            phones[at].take(|event| match event {
                Event::Ended { by, reason, .. } => Some((*by, reason.clone())),
                _ => None,
            })
        });
        assert_eq!(
            (by, reason.as_deref()),
            (EndedBy::Them, Some("Q.850;cause=21;text=\"ended-by-command\""))
        );
    }
    assert_eq!(summary(&edge).end, End::Ours(refusal(480, "ended-by-command")));
    assert!(!edge.handle.end(call, refusal(480, "ended-by-command")), "the call is gone");
}

#[test]
fn a_call_that_outlasts_its_funds_is_extended_and_then_ended() {
    let (edge, mut caller, mut callee) = trio();
    let mut funded = plan([host(callee.addr())]);
    funded.funded = Some(Duration::from_millis(200));
    funded.extend_lead = Duration::from_millis(150);
    edge.business.always(Verdict::Connect(funded));
    edge.business.extensions.lock().unwrap().push(Duration::from_millis(400));
    connect(&mut caller, &mut callee);
    over("the end of the funds", &mut [&mut caller, &mut callee]);
    let summary = summary(&edge);
    assert_eq!(summary.end, End::Ours(refusal(403, "out-of-funds")));
    assert!(summary.duration >= Duration::from_millis(400), "{:?}", summary.duration);
    assert!(edge.business.extensions.lock().unwrap().is_empty());
}

#[test]
fn no_call_lasts_longer_than_its_plan_allows() {
    let (edge, mut caller, mut callee) = trio();
    let short = Plan { max_duration: Duration::from_millis(100), ..plan([host(callee.addr())]) };
    edge.business.always(Verdict::Connect(short));
    connect(&mut caller, &mut callee);
    over("the end of the time", &mut [&mut caller, &mut callee]);
    assert_eq!(summary(&edge).end, End::Ours(refusal(403, "duration-limit")));
}

#[test]
fn a_call_without_media_ports_is_refused() {
    let (edge, mut caller, _) = trio();
    edge.relay.is_full.store(true, Ordering::Relaxed);
    caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let (status, reason) = failed(&mut caller, &mut []);
    assert_eq!((status, reason.as_deref()), (503, Some("Q.850;cause=47;text=\"media-unavailable\"")));
    assert!(summary(&edge).media.is_none());
}

#[test]
fn a_call_that_is_up_when_the_edge_stops_is_ended_and_said_to_be() {
    let (mut edge, mut caller, mut callee) = trio();
    connect(&mut caller, &mut callee);
    drop(edge.running.take());
    assert!(
        matches!(summary(&edge).end, End::Ours(Refusal { ref cause, .. }) if cause == "platform-stopped")
    );
    over("BYE", &mut [&mut caller, &mut callee]);
}

#[test]
fn an_invite_that_is_sent_twice_is_one_call() {
    let edge = Edge::start();
    let mut raw = Raw::new(edge.addr);
    edge.business.trust(raw.addr());
    edge.business.decide_by(|_, reply| reply.send(Verdict::Refuse(refusal(404, "number-not-found"))));
    let invite = raw.request("INVITE", "sip:+15550100@edge.test", "");
    raw.send(&invite);
    raw.send(&invite);
    let final_answer =
        wait_for("the refusal", || Some(raw.receive()).filter(|answer| answer.status() == Some(404)));
    assert_eq!(final_answer.header(HeaderName::Reason), Some("Q.850;cause=21;text=\"number-not-found\""));
    summary(&edge);
    assert_eq!(edge.business.decided.lock().unwrap().len(), 1);
    assert_eq!(edge.handle.counters().requests[0], ("INVITE", 2));
}

#[test]
fn a_callee_that_says_nothing_hears_the_invite_again() {
    let (edge, mut caller, _) = trio();
    let silent = Raw::new(edge.addr);
    edge.business.always(Verdict::Connect(plan([host(silent.addr())])));
    let out = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let first = until("the INVITE", &mut [&mut caller], |_| Some(silent.receive()));
    assert_eq!(silent.receive().bytes(), first.bytes());
    assert!(edge.handle.counters().retransmissions >= 1);
    caller.agent.hang_up(Instant::now(), out, None).unwrap();
    assert_eq!(failed(&mut caller, &mut []).0, 487);
}
