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
fn refer(callee: &Raw, invite: &Message, edge: std::net::SocketAddr, to: &str) {
    let refer_to = to;
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
         Refer-To: <{refer_to}>\r\nContent-Length: 0\r\n\r\n",
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
    refer(&callee, &invite, edge.addr, "sip:+15550177@edge.test");
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

/// Our tag in a message of the edge, and the shard in it.
fn tag(value: &str) -> (String, String) {
    let tag = value.split(";tag=").nth(1).unwrap().to_owned();
    (tag[..4].to_owned(), tag)
}

/// The callee calls the target by hand until that call is on another shard than its first; gives that one's Replaces.
fn consult(callee: &mut Raw, first: &str, phones: &mut [&mut Phone]) -> String {
    for _ in 0..64 {
        let invite = callee.request("INVITE", "sip:+15550177@edge.test", "Content-Type: application/sdp\r\n");
        let head = invite.strip_suffix("Content-Length: 0\r\n\r\n").unwrap();
        callee.send(format!("{head}Content-Length: {}\r\n\r\n{SDP}", SDP.len()));
        let answer = until("the target's answer", phones, |phones| {
            let call = phones[1].take(|event| match event {
                Event::Incoming { call, .. } => Some(*call),
                _ => None,
            });
            call.into_iter().for_each(|call| phones[1].answer(call));
            receive_now(callee).filter(|heard| heard.status() == Some(200))
        });
        let (shard, ours) = tag(answer.header(HeaderName::To).unwrap());
        let (call_id, from) = (answer.call_id().unwrap(), answer.header(HeaderName::From).unwrap());
        let theirs = from.split(";tag=").nth(1).unwrap();
        let inside = |method: &str, cseq: u32| {
            format!(
                "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bK-{method}-{ours}\r\nFrom: {from}\r\n\
                 To: {}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
                answer.contact().unwrap().unwrap().uri,
                callee.addr(),
                answer.header(HeaderName::To).unwrap(),
            )
        };
        let number = answer.cseq().unwrap().0;
        callee.send(inside("ACK", number));
        if shard != first {
            return format!("{call_id};to-tag={ours};from-tag={theirs}");
        }
        callee.send(inside("BYE", number + 1));
        until("the end of a call on the same shard", phones, |phones| {
            let _ = receive_now(callee);
            phones[1].take(|event| matches!(event, Event::Ended { .. }).then_some(()))
        });
    }
    panic!("64 Call-IDs went to one shard of two");
}

fn receive_now(raw: &Raw) -> Option<Message> {
    raw.socket.set_nonblocking(true).unwrap();
    let found = raw.socket.peek_from(&mut [0; 16]).is_ok().then(|| raw.receive());
    raw.socket.set_nonblocking(false).unwrap();
    found
}

#[test]
fn an_attended_transfer_joins_calls_of_two_shards_and_each_end_reaches_both() {
    let edge = Edge::with(|config| config.shards = 2);
    let (mut caller, mut target) = (Phone::new(edge.addr, "caller"), Phone::new(edge.addr, "target"));
    let mut callee = Raw::new(edge.addr);
    edge.business.trust(caller.addr());
    edge.business.trust(callee.addr());
    let (first, second) = (callee.addr(), target.addr());
    edge.business.decide_by(move |facts, reply| {
        let place = if facts.to == "+15550177" { second } else { first };
        reply.send(Verdict::Connect(plan([host(place)])));
    });
    let caller_call = caller.call("+1@sbc.test", "+15550100@edge.test", None);
    let invite = until("the INVITE", &mut [&mut caller], |_| receive_now(&callee));
    // The consultation is up before the callee answers, so that its one socket hears one thing at a time.
    let (shard, _) = tag(invite.header(HeaderName::From).unwrap());
    let replaces = consult(&mut callee, &shard, &mut [&mut caller, &mut target]);
    let escaped = replaces.replace(';', "%3B").replace('=', "%3D");
    refer(&callee, &invite, edge.addr, &format!("sip:+15550177@edge.test?Replaces={escaped}"));
    let again = until("the new offer", &mut [&mut caller, &mut target], |phones| {
        phones[0].take(|event| match event {
            Event::Reoffer { call, .. } => Some(*call),
            _ => None,
        })
    });
    caller.answer(again);
    let byes = until("the callee to be hung up twice", &mut [&mut caller, &mut target], |_| {
        let heard = receive_now(&callee)?;
        (heard.is_request() && heard.method() == Method::Bye).then_some(heard)
    });
    let ours = Peer::new(edge.addr, Transport::Udp);
    callee.send(reply(&byes, &ours, 200, "OK", "").finish());
    until("the ACK", &mut [&mut caller, &mut target], |phones| {
        phones[0].take(|event| matches!(event, Event::Confirmed { .. }).then_some(()))
    });
    // What the caller sends still names the first shard: it ends both calls all the same.
    caller.agent.hang_up(Instant::now(), caller_call, None).unwrap();
    until("the target's end", &mut [&mut caller, &mut target], |phones| {
        phones[1].take(|event| matches!(event, Event::Ended { .. }).then_some(()))
    });
    wait_for("the end", || (edge.handle.count() == 0).then_some(()));
    let ended = edge.business.ended();
    let answered = ended.iter().filter(|summary| summary.answered_at.is_some()).count();
    assert_eq!(answered, ended.len(), "{ended:?}");
    assert_eq!(ended.last().unwrap().end, crate::seam::End::Hangup { by: Side::A, q850: None });
}
