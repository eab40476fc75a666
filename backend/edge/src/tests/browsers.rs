//! WebSockets as the HTTP port hands them over, and addresses of IPv6.

use super::peers::{challenges, credentials};
use super::streams::plan;
use super::{Edge, PATIENCE, wait_for};
use crate::WebSocket;
use crate::seam::{End, Hop, Registrar, Target, Verdict};
use bytes::Bytes;
use sip::Transport;
use sip::wire::{HeaderName, Message};
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, sync_channel};

/// A browser's end: what it is sent lands in a queue.
struct Browser {
    socket: WebSocket,
    received: Receiver<Bytes>,
}

impl Browser {
    fn open(edge: &Edge) -> Option<Self> {
        let (sender, received) = sync_channel(16);
        let sink = Box::new(move |bytes| sender.try_send(bytes).is_ok());
        let socket = edge.handle.websocket(([127, 0, 0, 9], 40_000).into(), true, sink)?;
        Some(Self { socket, received })
    }

    fn send(&self, text: impl Into<Bytes>) {
        self.socket.receive(text.into()).unwrap();
    }

    fn receive(&self) -> Message {
        Message::parse(self.received.recv_timeout(PATIENCE).expect("the edge answers in time")).unwrap()
    }
}

fn request(method: &str, uri: &str, call_id: &str, more: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK{call_id}\r\n\
         From: <sip:alice@t.test>;tag=1\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:alice@df7jal23ls0d.invalid;transport=ws>\r\n{more}\r\n"
    )
}

#[test]
fn a_browser_registers_and_is_called_over_its_own_websocket_until_it_goes() {
    let edge = Edge::start();
    let browser = Browser::open(&edge).unwrap();
    browser.send("\r\n\r\n");
    assert_eq!(browser.received.recv_timeout(PATIENCE).unwrap(), "\r\n");
    browser.send(request("REGISTER", "sip:alice@t.test", "r1", ""));
    let challenge = challenges(&browser.receive(), HeaderName::WwwAuthenticate).remove(0);
    let answer = credentials(&challenge, &sip::Method::Register, "sip:alice@t.test");
    browser.send(request("REGISTER", "sip:alice@t.test", "r2", &format!("Authorization: {answer}\r\n")));
    assert_eq!(browser.receive().status(), Some(200));
    let bound = edge.phones.lookup("alice@t.test", std::time::SystemTime::now());
    assert_eq!(bound[0].hop.transport, Transport::Wss);

    let mut trunk = super::peers::Raw::new(edge.addr);
    edge.business.trust(trunk.addr());
    let mut ring = plan(edge.addr);
    ring.attempts[0].target = Target::Registered { aor: "alice@t.test".to_owned() };
    edge.business.always(Verdict::Connect(ring));
    assert_eq!(trunk.ask("INVITE", "sip:1@edge.test", "").status(), Some(100));
    let invite = browser.receive();
    assert_eq!(invite.request_uri(), Some("sip:alice@df7jal23ls0d.invalid;transport=ws"));
    assert!(invite.header(HeaderName::Via).unwrap().starts_with("SIP/2.0/WSS "));
    assert!(invite.header(HeaderName::Contact).unwrap().contains(";transport=ws"));

    // The browser goes away: nothing can reach it any more.
    drop(browser);
    let second = trunk.request("INVITE", "sip:1@edge.test", "");
    wait_for("the word that the phone is gone", || {
        trunk.send(&second);
        Some(trunk.receive()).filter(|answer| answer.status() == Some(503))
    });
    edge.handle.drain(std::time::Duration::ZERO);
    wait_for("the end of both", || (edge.handle.count() == 0).then_some(()));
}

#[test]
fn there_are_as_many_websockets_as_are_allowed() {
    let edge = Edge::with(|config| config.limits.websockets_max = 1);
    let first = Browser::open(&edge).unwrap();
    assert!(Browser::open(&edge).is_none());
    drop(first);
    assert!(Browser::open(&edge).is_some());
    assert_eq!(edge.handle.counters().websockets, 2);
}

#[test]
fn a_call_comes_and_goes_over_ipv6_and_one_socket_may_hear_both_families() {
    for (listen, reached) in [("[::1]:0", "::1"), ("[::]:0", "::1"), ("[::]:0", "127.0.0.1")] {
        let edge = Edge::with(|config| {
            config.listen = listen.parse().unwrap();
            if config.listen.ip().is_unspecified() {
                config.public_host = "[::1]".to_owned();
            }
        });
        let ip: std::net::IpAddr = reached.parse().unwrap();
        let at = SocketAddr::new(ip, edge.addr.port());
        let bind = || {
            let socket = UdpSocket::bind((ip, 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        let (caller, callee) = (bind(), bind());
        let receive = |socket: &UdpSocket| {
            let mut room = [0; 4_096];
            let read = socket.recv(&mut room).expect("the edge answers in time");
            Message::parse(Bytes::copy_from_slice(&room[..read])).unwrap()
        };
        edge.business.trust(caller.local_addr().unwrap());
        let mut ring = plan(edge.addr);
        let hops = vec![Hop { address: callee.local_addr().unwrap(), transport: Transport::Udp }];
        ring.attempts[0].target = Target::Hosts { host: "[::1]:5070".to_owned(), hops };
        edge.business.always(Verdict::Connect(ring));
        let invite = format!(
            "INVITE sip:1@{at} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bK6\r\nFrom: <sip:x@[::1]>;tag=1\r\n\
             To: <sip:1@{at}>\r\nCall-ID: six\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{}>\r\n\r\n",
            caller.local_addr().unwrap(),
            caller.local_addr().unwrap(),
        );
        caller.send_to(invite.as_bytes(), at).unwrap();
        assert_eq!(receive(&caller).status(), Some(100));
        let invite = receive(&callee);
        assert_eq!(invite.request_uri(), Some("sip:+15550100@[::1]:5070"));
        let via = invite.top_via().unwrap();
        assert_eq!(
            (via.host, via.port),
            ("::1", Some(edge.addr.port())),
            "{:?}",
            invite.header(HeaderName::Via)
        );
        assert!(invite.header(HeaderName::Contact).unwrap().contains("@[::1]:"));
        let busy = super::secure::reply(&invite, "486 Busy Here");
        callee.send_to(busy.as_bytes(), at).unwrap();
        assert_eq!(receive(&caller).status(), Some(486));
        wait_for("the end", || (edge.business.ended().len() == 1).then_some(()));
        assert_eq!(edge.business.ended()[0].end, End::Failed { status: 486, q850: None });
    }
}
