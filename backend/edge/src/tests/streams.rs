//! TCP: framing, keep-alives, connections in both directions.

use super::peers::Raw;
use super::{Edge, PATIENCE, SECRET, wait_for};
use crate::seam::{Attempt, End, FAILOVER_ON, Hop, LegPolicy, Plan, Refusal, Target, Verdict};
use sip::Transport;
use sip::stream::{Frame, Framer};
use sip::wire::{HeaderName, Message};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A connection that reads whole messages.
pub(super) struct Line {
    stream: TcpStream,
    framer: Framer,
}

impl Line {
    fn open(edge: &Edge) -> Self {
        Self::over(TcpStream::connect(edge.addr).unwrap())
    }

    pub(super) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, framer: Framer::new() }
    }

    fn addr(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    pub(super) fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    pub(super) fn receive(&mut self) -> Message {
        let mut room = [0; 4_096];
        loop {
            if let Some(Frame::Message(bytes)) = self.framer.next().unwrap() {
                return Message::parse(bytes).unwrap();
            }
            let read = self.stream.read(&mut room).expect("the edge answers in time");
            assert_ne!(read, 0, "the edge closed the connection");
            self.framer.push(&room[..read]);
        }
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 16]), Ok(0) | Err(_))
    }
}

pub(super) fn request(method: &str, call_id: &str) -> String {
    format!(
        "{method} sip:1@edge.test SIP/2.0\r\nVia: SIP/2.0/TCP line.test;branch=z9hG4bK{call_id}\r\n\
         From: <sip:x@elsewhere.test>;tag=1\r\nTo: <sip:1@edge.test>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:x@line.test;transport=tcp>\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn messages_are_found_however_the_stream_is_cut() {
    let edge = Edge::start();
    let mut line = Line::open(&edge);
    let both = format!("{}\r\n{}", request("FOO", "one"), request("BAR", "two"));
    for piece in both.as_bytes().chunks(7) {
        line.send(piece);
    }
    for call_id in ["one", "two"] {
        let response = line.receive();
        assert_eq!((response.status(), response.call_id()), (Some(501), Some(call_id)));
    }
    line.send(format!("{}{}", request("FOO", "three"), request("FOO", "four")));
    assert_eq!(line.receive().call_id(), Some("three"));
    assert_eq!(line.receive().call_id(), Some("four"));
}

#[test]
fn a_keep_alive_is_answered_with_one_line_end() {
    let edge = Edge::start();
    let mut line = Line::open(&edge);
    line.send("\r\n\r\n");
    let mut pong = [0; 2];
    line.stream.read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"\r\n");
    line.send(request("FOO", "after"));
    assert_eq!(line.receive().call_id(), Some("after"));
}

#[test]
fn a_stream_that_lost_its_framing_is_closed_and_the_others_go_on() {
    let edge = Edge::start();
    let (mut broken, mut sound) = (Line::open(&edge), Line::open(&edge));
    broken.send(request("FOO", "x").replace("Content-Length: 0\r\n", ""));
    assert!(broken.is_closed());
    let mut huge = Line::open(&edge);
    huge.send(request("FOO", "y").replace("Content-Length: 0", "Content-Length: 18446744073709551615"));
    assert!(huge.is_closed());
    sound.send(request("FOO", "z"));
    assert_eq!(sound.receive().status(), Some(501));
}

#[test]
fn a_malformed_message_is_refused_and_the_connection_stays() {
    let edge = Edge::start();
    let mut line = Line::open(&edge);
    line.send(request("FOO", "x").replace("CSeq: 1 FOO", "CSeq: x"));
    assert_eq!(line.receive().status(), Some(400));
    line.send(request("FOO", "y"));
    assert_eq!(line.receive().status(), Some(501));
}

#[test]
fn connections_beyond_the_limit_are_closed() {
    let edge = Edge::with(|config| config.limits.tcp_connections_max = 1);
    let mut first = Line::open(&edge);
    first.send(request("FOO", "x"));
    assert_eq!(first.receive().status(), Some(501));
    assert!(Line::open(&edge).is_closed());
    assert_eq!(edge.handle.counters().connections_refused, 1);
    drop(first);
    let mut again = wait_for("the place of the first", || {
        let mut line = Line::open(&edge);
        line.stream.write_all(request("FOO", "z").as_bytes()).ok()?;
        let mut room = [0; 4];
        (line.stream.read_exact(&mut room).is_ok() && &room == b"SIP/").then_some(line)
    });
    again.framer.push(b"SIP/");
    assert_eq!(again.receive().status(), Some(501));
}

pub(super) fn plan(address: SocketAddr) -> Plan {
    let refusal = Refusal { status: 403, q850: 21, cause: "x".into(), retry_after: None };
    let target = Target::Hosts {
        host: "carrier.test".to_owned(),
        hops: vec![Hop { address, transport: Transport::Tcp }],
    };
    Plan {
        attempts: vec![Attempt {
            target,
            caller_id: None,
            from_host: None,
            callee: "+15550100".to_owned(),
            headers: Vec::new(),
            failover_on: FAILOVER_ON.as_slice().into(),
            credentials: None,
            part: None,
            leg: LegPolicy::default(),
        }],
        funded: None,
        extend_lead: Duration::ZERO,
        max_duration: Duration::from_secs(60),
        out_of_funds: refusal.clone(),
        prompts: crate::seam::Prompts::default(),
        over_time: refusal,
        caller: LegPolicy::default(),
    }
}

#[test]
fn a_call_over_tcp_opens_a_connection_to_the_callee_and_comes_back() {
    let edge = Edge::start();
    let mut caller = Line::open(&edge);
    edge.business.trust(caller.addr());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    edge.business.always(Verdict::Connect(plan(listener.local_addr().unwrap())));
    caller.send(request("INVITE", "call"));
    let mut callee = Line::over(listener.accept().unwrap().0);
    let invite = callee.receive();
    assert_eq!(invite.from().unwrap().uri, "sip:anonymous@anonymous.invalid");
    assert!(invite.header(HeaderName::Via).unwrap().starts_with("SIP/2.0/TCP "));

    let mut busy = String::from("SIP/2.0 486 Busy Here\r\n");
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        busy += &format!("{name}: {}\r\n", invite.header(name).unwrap());
    }
    busy += &format!("To: {};tag=b\r\nContent-Length: 0\r\n\r\n", invite.header(HeaderName::To).unwrap());
    callee.send(busy);
    assert_eq!(callee.receive().method().as_str(), "ACK");
    let statuses = [caller.receive().status(), caller.receive().status()];
    assert_eq!(statuses, [Some(100), Some(486)]);
    wait_for("the end", || (edge.business.ended().len() == 1).then_some(()));
    assert_eq!(edge.business.ended()[0].end, End::Failed { status: 486, q850: None });
}

#[test]
fn a_callee_that_refuses_the_connection_is_unreachable() {
    let edge = Edge::start();
    let mut caller = Line::open(&edge);
    edge.business.trust(caller.addr());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    edge.business.always(Verdict::Connect(plan(nobody)));
    caller.send(request("INVITE", "call"));
    let statuses = [caller.receive().status(), caller.receive().status()];
    assert_eq!(statuses, [Some(100), Some(503)]);
    wait_for("the end", || (edge.business.ended().len() == 1).then_some(()));
    assert_eq!(edge.business.ended()[0].end, End::Unreachable);
}

#[test]
fn a_phone_that_registered_over_a_connection_is_called_over_it() {
    use crate::seam::Registrar;
    let edge = Edge::with(|config| config.secret = SECRET);
    let mut phone = Line::open(&edge);
    let uri = "sip:alice@t.test";
    let register = |more: &str, call_id: &str| {
        request("REGISTER", call_id)
            .replace("sip:1@edge.test", uri)
            .replace("Content-Length", &format!("{more}Content-Length"))
    };
    phone.send(register("", "r1"));
    let challenge = super::peers::challenges(&phone.receive(), HeaderName::WwwAuthenticate).remove(0);
    let answer = super::peers::credentials(&challenge, &sip::Method::Register, uri);
    phone.send(register(&format!("Authorization: {answer}\r\n"), "r2"));
    assert_eq!(phone.receive().status(), Some(200));
    let bound = edge.phones.lookup("alice@t.test", std::time::SystemTime::now());
    assert!(bound[0].flow.is_some());

    let mut trunk = Raw::new(edge.addr);
    edge.business.trust(trunk.addr());
    let mut ring = plan(edge.addr);
    ring.attempts[0].target = Target::Registered { aor: "alice@t.test".to_owned() };
    edge.business.always(Verdict::Connect(ring));
    assert_eq!(trunk.ask("INVITE", "sip:1@edge.test", "").status(), Some(100));
    let invite = phone.receive();
    assert_eq!(invite.request_uri(), Some("sip:x@line.test;transport=tcp"));

    // The connection breaks before an answer: nothing can reach the phone, and the next call hears so at once.
    drop(phone);
    let second = trunk.request("INVITE", "sip:1@edge.test", "");
    wait_for("the connection's end", || {
        trunk.send(&second);
        Some(trunk.receive()).filter(|answer| answer.status() == Some(503))
    });
}
