//! A REFER of one side: the app decides the target, and the other side goes on with it.

use super::calls::{host, over, plan};
use super::peers::{Phone, Raw, SDP, until};
use super::{Edge, wait_for};
use crate::seam::{Side, Verdict};
use sip::b2bua::Peer;
use sip::transaction::reply;
use sip::ua::Event;
use sip::wire::{HeaderName, Message};
use sip::{Method, Transport};
use std::time::Instant;

/// The callee answers by hand, and refers.
fn refer(callee: &Raw, invite: &Message, edge: std::net::SocketAddr) {
    let addr = callee.addr();
    let ours = Peer::new(edge, Transport::Udp);
    let contact = format!("<sip:callee@{addr}>");
    let answer = reply(invite, &ours, 200, "OK", "callee").header("Contact", &contact);
    callee.send(answer.body(Some("application/sdp"), SDP).finish());
    assert_eq!(callee.receive().method(), Method::Ack);
    let target = invite.contact().unwrap().unwrap().uri.to_owned();
    let (from, to) = (invite.header(HeaderName::To).unwrap(), invite.header(HeaderName::From).unwrap());
    callee.send(format!(
        "REFER {target} SIP/2.0\r\nVia: SIP/2.0/UDP {addr};rport;branch=z9hG4bK-refer\r\nFrom: {from};tag=callee\r\n\
         To: {to}\r\nCall-ID: {}\r\nCSeq: 5 REFER\r\nMax-Forwards: 70\r\nContact: {contact}\r\n\
         Refer-To: <sip:+15550177@edge.test>\r\nContent-Length: 0\r\n\r\n",
        invite.call_id().unwrap()
    ));
}

#[test]
fn a_callee_that_refers_leaves_the_caller_with_a_target_that_the_app_decided() {
    let edge = Edge::start();
    let (mut caller, mut target) = (Phone::new(edge.addr, "caller"), Phone::new(edge.addr, "target"));
    let callee = Raw::new(edge.addr);
    edge.business.trust(caller.addr());
    edge.business.trust(callee.addr());
    let (first, second) = (callee.addr(), target.addr());
    edge.business.decide_by(move |facts, reply| {
        let place = if facts.to == "+15550177" { second } else { first };
        reply.send(Verdict::Connect(plan([host(place)])));
    });
    caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let invite = until("the INVITE", &mut [&mut caller], |_| {
        callee.socket.set_nonblocking(true).unwrap();
        let found = callee.socket.peek_from(&mut [0; 16]).is_ok().then(|| callee.receive());
        callee.socket.set_nonblocking(false).unwrap();
        found
    });
    refer(&callee, &invite, edge.addr);
    let call = until("the target's INVITE", &mut [&mut caller, &mut target], |phones| {
        phones[1].take(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        })
    });
    target.answer(call);
    let again = until("the new offer", &mut [&mut caller, &mut target], |phones| {
        phones[0].take(|event| match event {
            Event::Reoffer { call, .. } => Some(*call),
            _ => None,
        })
    });
    caller.answer(again);
    until("the ACK", &mut [&mut caller, &mut target], |phones| {
        phones[0].take(|event| matches!(event, Event::Confirmed { .. }).then_some(()))
    });
    let decided = edge.business.decided.lock().unwrap().clone();
    assert_eq!(decided.len(), 2);
    assert_eq!((decided[1].to.as_str(), decided[1].from.as_deref()), ("+15550177", Some("+15550100")));
    wait_for("both answers", || (edge.business.answered.lock().unwrap().len() == 2).then_some(()));
    assert_eq!(edge.handle.count(), 2, "both calls go on");

    target.agent.hang_up(Instant::now(), call, None).unwrap();
    over("the end", &mut [&mut caller, &mut target]);
    let ended = wait_for("both ends", || Some(edge.business.ended()).filter(|ended| ended.len() == 2));
    for summary in ended {
        let by_callee = crate::seam::End::Hangup { by: Side::B, q850: None };
        assert_eq!(summary.end, by_callee);
        assert!(summary.answered_at.is_some());
    }
}
