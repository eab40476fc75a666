//! Requests that are too large for a datagram (RFC 3261 §18.1.1).

use super::peers::Raw;
use super::streams::{Line, plan};
use super::{Edge, PATIENCE, wait_for};
use crate::seam::{Hop, TraceEvent, Verdict};
use bytes::Bytes;
use sip::Transport;
use sip::b2bua::Peer;
use sip::transaction::reply;
use sip::wire::{HeaderName, Message};
use std::net::{TcpListener, UdpSocket};

/// An INVITE whose offer alone is larger than a datagram may be.
fn large_invite(trunk: &mut Raw) -> String {
    let offer =
        format!("{}{}", super::peers::SDP, "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n".repeat(30));
    let typed = "Content-Type: application/sdp\r\n";
    let request = trunk.request("INVITE", "sip:1@edge.test", typed);
    request.replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{offer}", offer.len()))
}

/// Places such a call to a UDP hop; gives the edge, its caller and the callee's socket of either kind.
fn call(large_over_tcp: bool, listens: bool) -> (Edge, Raw, UdpSocket, Option<TcpListener>) {
    let (edge, mut trunk, udp, tcp) = peers(large_over_tcp, listens);
    let invite = large_invite(&mut trunk);
    trunk.send(invite);
    assert_eq!(trunk.receive().status(), Some(100));
    (edge, trunk, udp, tcp)
}

fn peers(large_over_tcp: bool, listens: bool) -> (Edge, Raw, UdpSocket, Option<TcpListener>) {
    let edge = Edge::start();
    let trunk = Raw::new(edge.addr);
    edge.business.trust(trunk.addr());
    let (tcp, udp) = one_port();
    let address = udp.local_addr().unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    let tcp = listens.then_some(tcp);
    let mut ring = plan(address);
    ring.attempts[0].target = crate::seam::Target::Hosts {
        host: "carrier.test".to_owned(),
        hops: vec![Hop { address, transport: Transport::Udp }],
    };
    ring.attempts[0].leg.large_over_tcp = large_over_tcp;
    edge.business.always(Verdict::Connect(ring));
    (edge, trunk, udp, tcp)
}

/// A port that is free for both: one that is free for connections may be another test's for datagrams.
fn one_port() -> (TcpListener, UdpSocket) {
    let both = || {
        let tcp = TcpListener::bind("127.0.0.1:0").ok()?;
        let udp = UdpSocket::bind(tcp.local_addr().ok()?).ok()?;
        Some((tcp, udp))
    };
    (0..100).find_map(|_| both()).expect("a port is free for both")
}

fn over_udp(socket: &UdpSocket) -> Message {
    let mut room = [0; 65_536];
    let read = socket.recv(&mut room).expect("the edge sends in time");
    Message::parse(Bytes::copy_from_slice(&room[..read])).unwrap()
}

/// Sets a small call up over UDP, and has the caller send a large request in it.
fn ask_inside(edge: &Edge, trunk: &mut Raw, udp: &UdpSocket) {
    let invite = trunk.request("INVITE", "sip:1@edge.test", "Content-Type: application/sdp\r\n");
    let sdp = super::peers::SDP;
    trunk.send(
        invite.replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{sdp}", sdp.len())),
    );
    assert_eq!(trunk.receive().status(), Some(100));
    let invite = over_udp(udp);
    let ours = Peer::new(edge.addr, Transport::Udp);
    let contact = format!("<sip:callee@{}>", udp.local_addr().unwrap());
    let answer = reply(&invite, &ours, 200, "OK", "callee").header("Contact", &contact);
    udp.send_to(&answer.body(Some("application/sdp"), sdp).finish(), edge.addr).unwrap();
    let answer = trunk.receive();
    assert_eq!(answer.status(), Some(200));
    let (to, number) = (answer.header(HeaderName::To).unwrap(), answer.cseq().unwrap().0);
    let uri = answer.contact().unwrap().unwrap().uri;
    let body = "x".repeat(1_400);
    for (method, number, more) in [
        ("ACK", number, "Content-Length: 0\r\n\r\n".to_owned()),
        ("INFO", number + 1, format!("Content-Type: text/plain\r\nContent-Length: 1400\r\n\r\n{body}")),
    ] {
        trunk.send(format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bK-in-{method}\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n{more}",
            trunk.addr(),
            answer.header(HeaderName::From).unwrap(),
            answer.call_id().unwrap(),
        ));
    }
    assert_eq!(over_udp(udp).method().as_str(), "ACK");
}

fn finish(edge: &Edge) {
    edge.handle.drain(std::time::Duration::ZERO);
    wait_for("the end", || (edge.handle.count() == 0).then_some(()));
}

#[test]
fn a_large_invite_moves_to_tcp_where_the_peer_takes_that() {
    let (edge, _trunk, udp, tcp) = call(true, true);
    let mut line = Line::over(tcp.unwrap().accept().unwrap().0);
    let invite = line.receive();
    assert!(invite.header(HeaderName::Via).unwrap().starts_with("SIP/2.0/TCP "));
    assert!(invite.header(HeaderName::Contact).unwrap().contains(";transport=tcp"));
    udp.set_nonblocking(true).unwrap();
    assert!(udp.recv(&mut [0; 16]).is_err(), "nothing goes over UDP");
    assert_eq!(edge.handle.counters().large_over_udp, 0);
    line.send(super::secure::reply(&invite, "486 Busy Here"));
    assert_eq!(line.receive().method().as_str(), "ACK");
    finish(&edge);
}

#[test]
fn it_stays_with_udp_where_nobody_listens_on_tcp_or_the_peer_takes_none() {
    for (large_over_tcp, listens) in [(true, false), (false, true)] {
        let (edge, _trunk, udp, _tcp) = call(large_over_tcp, listens);
        let invite = over_udp(&udp);
        assert_eq!(invite.method().as_str(), "INVITE");
        assert!(invite.header(HeaderName::Via).unwrap().starts_with("SIP/2.0/UDP "));
        assert!(invite.bytes().len() > 1_300);
        wait_for("the count", || (edge.handle.counters().large_over_udp >= 1).then_some(()));
        udp.send_to(super::secure::reply(&invite, "486 Busy Here").as_bytes(), edge.addr).unwrap();
        finish(&edge);
    }
}

#[test]
fn a_large_request_inside_a_call_moves_to_tcp_and_back_where_nobody_listens_there_which_the_trace_says() {
    for listens in [true, false] {
        let (edge, mut trunk, udp, tcp) = peers(true, listens);
        ask_inside(&edge, &mut trunk, &udp);
        let ours = Peer::new(edge.addr, Transport::Udp);
        let is_noted = || {
            let trace = edge.business.decided.lock().unwrap()[0].call;
            let trace = wait_for("the trace", || super::traces::now(&edge, trace));
            trace
                .entries()
                .any(|entry| matches!(entry.event, TraceEvent::LargeOverUdp { bytes } if bytes > 1_300))
        };
        if listens {
            let mut line = Line::over(tcp.unwrap().accept().unwrap().0);
            let info = line.receive();
            assert_eq!((info.method().as_str(), info.body().len()), ("INFO", 1_400));
            assert!(info.header(HeaderName::Via).unwrap().starts_with("SIP/2.0/TCP "));
            line.send(reply(&info, &ours, 200, "OK", "").finish());
            assert!(!is_noted());
        } else {
            let info = over_udp(&udp);
            assert_eq!((info.method().as_str(), info.body().len()), ("INFO", 1_400));
            udp.send_to(&reply(&info, &ours, 200, "OK", "").finish(), edge.addr).unwrap();
            assert!(is_noted());
        }
        assert_eq!(trunk.receive().status(), Some(200), "its answer finds back");
        finish(&edge);
    }
}
