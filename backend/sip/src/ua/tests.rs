//! Two agents on a virtual clock, with a wire between them that may lose datagrams.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::*;
use crate::wire::{HeaderName, Method};

const LATENCY: Duration = Duration::from_millis(10);

/// One end: its agent, what it has lived through, and whether its own packets are lost.
struct End {
    agent: Agent,
    addr: SocketAddr,
    events: Vec<Event>,
    sent: Vec<Message>,
}

struct Pair {
    now: Instant,
    a: End,
    b: End,
    wire: VecDeque<(Instant, SocketAddr, SocketAddr, Bytes)>,
    /// Which of the datagrams (counted over both directions) are lost.
    loses: fn(usize, &Message) -> bool,
    count: usize,
}

fn end(name: &str, addr: &str, calls_max: usize) -> End {
    let addr: SocketAddr = addr.parse().unwrap();
    let mut secret = [7; 16];
    secret[0] = name.len() as u8;
    let agent = Agent::new(Config::udp(addr, name, "test agent", secret, calls_max));
    End { agent, addr, events: Vec::new(), sent: Vec::new() }
}

impl Pair {
    fn new() -> Self {
        Self::losing(|_, _| false)
    }

    fn losing(loses: fn(usize, &Message) -> bool) -> Self {
        let (a, b) = (end("alice", "192.0.2.1:5060", 4), end("robert", "192.0.2.2:5060", 1));
        Self { now: Instant::now(), a, b, wire: VecDeque::new(), loses, count: 0 }
    }

    fn settle(&mut self) {
        for end in [&mut self.a, &mut self.b] {
            while let Some(output) = end.agent.poll_output() {
                match output {
                    Output::Transmit { to, bytes } => {
                        let message = Message::parse(bytes.clone()).unwrap();
                        message.check().unwrap();
                        self.count += 1;
                        if !(self.loses)(self.count, &message) {
                            self.wire.push_back((self.now + LATENCY, end.addr, to, bytes));
                        }
                        end.sent.push(message);
                    }
                    Output::Event(event) => end.events.push(event),
                }
            }
        }
    }

    /// Lets time pass, from one deadline or arrival to the next.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.settle();
            let timers = [self.a.agent.poll_timeout(), self.b.agent.poll_timeout()];
            let arrival = self.wire.front().map(|(at, ..)| *at);
            let next = timers.into_iter().chain([arrival]).flatten().min().filter(|at| *at <= until);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            self.a.agent.handle_timeout(self.now);
            self.b.agent.handle_timeout(self.now);
            while let Some((_, from, to, bytes)) = self.wire.pop_front_if(|(at, ..)| *at <= self.now) {
                let end = if to == self.a.addr { &mut self.a } else { &mut self.b };
                end.agent.handle_packet(self.now, from, bytes);
            }
        }
        self.now = until;
    }

    fn soon(&mut self) {
        self.run(Duration::from_millis(100));
    }

    fn invite(&self, sdp: Option<&'static str>) -> Invite {
        Invite {
            peer: self.b.addr,
            request_uri: "sip:robert@192.0.2.2".to_owned(),
            from: "sip:alice@example.com".to_owned(),
            to: "sip:robert@example.com".to_owned(),
            sdp: sdp.map(|sdp| Bytes::from_static(sdp.as_bytes())),
            headers: vec![("X-Test".to_owned(), "1".to_owned())],
            account: None,
            call_id: None,
        }
    }

    /// Calls from A to B; the ids of the call at both ends.
    fn called(&mut self) -> (CallId, CallId) {
        let invite = self.invite(Some("offer"));
        let at_a = self.a.agent.call(self.now, invite).unwrap();
        self.run(Duration::from_secs(3));
        let at_b = self.b.incoming();
        (at_a, at_b)
    }

    fn up(&mut self) -> (CallId, CallId) {
        let (at_a, at_b) = self.called();
        self.b.agent.answer(self.now, at_b, &Bytes::from_static(b"answer")).unwrap();
        self.run(Duration::from_secs(5));
        assert!(
            matches!(self.a.events.last(), Some(Event::Answered { sdp: Some(sdp), .. }) if sdp == "answer")
        );
        assert!(matches!(self.b.events.last(), Some(Event::Confirmed { .. })));
        (at_a, at_b)
    }
}

impl End {
    fn incoming(&self) -> CallId {
        let call = self.events.iter().rev().find_map(|event| match event {
            Event::Incoming { call, .. } => Some(*call),
            _ => None,
        });
        call.expect("a call has come in")
    }

    fn count_sent(&self, is_it: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|message| is_it(message)).count()
    }

    fn sent_status(&self, status: u16, method: &Method) -> usize {
        self.count_sent(|message| message.status() == Some(status) && message.method() == *method)
    }

    fn sent_method(&self, method: &Method) -> usize {
        self.count_sent(|message| message.is_request() && message.method() == *method)
    }
}

#[test]
fn a_call_is_rung_answered_confirmed_and_hung_up() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.called();
    pair.b.agent.ring(pair.now, at_b).unwrap();
    pair.soon();
    assert!(matches!(pair.a.events[..], [Event::Ringing { .. }]));
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"answer")).unwrap();
    pair.soon();
    pair.a.agent.hang_up(pair.now, at_a, Some("Q.850;cause=16")).unwrap();
    pair.soon();
    assert!(matches!(pair.a.events.last(), Some(Event::Ended { by: EndedBy::Us, .. })));
    let last = pair.b.events.last();
    assert!(
        matches!(last, Some(Event::Ended { by: EndedBy::Them, reason: Some(r), .. }) if r == "Q.850;cause=16")
    );
    assert_eq!((pair.a.agent.live_calls(), pair.b.agent.live_calls()), (0, 0));
    assert_eq!(pair.b.sent_status(200, &Method::Bye), 1);
}

#[test]
fn a_cancelled_call_ends_with_487_and_leaves_nothing() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.called();
    pair.b.agent.ring(pair.now, at_b).unwrap();
    pair.soon();
    pair.a.agent.hang_up(pair.now, at_a, None).unwrap();
    pair.soon();
    assert!(matches!(pair.b.events.last(), Some(Event::Cancelled { .. })));
    assert!(matches!(pair.a.events.last(), Some(Event::Failed { status: 487, .. })));
    assert_eq!((pair.a.agent.live_calls(), pair.b.agent.live_calls()), (0, 0));
}

#[test]
fn a_cancel_that_crosses_the_answer_becomes_ack_and_bye() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.called();
    pair.b.agent.ring(pair.now, at_b).unwrap();
    pair.soon();
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"answer")).unwrap();
    pair.a.agent.hang_up(pair.now, at_a, None).unwrap();
    pair.run(Duration::from_secs(2));
    assert!(matches!(pair.a.events.last(), Some(Event::Ended { by: EndedBy::Us, .. })));
    assert!(matches!(pair.b.events.last(), Some(Event::Ended { by: EndedBy::Them, .. })));
    assert_eq!((pair.a.sent_method(&Method::Cancel), pair.a.sent_method(&Method::Bye)), (1, 1));
}

#[test]
fn the_2xx_is_repeated_until_its_ack_arrives() {
    // The first two ACKs are lost.
    let mut pair = Pair::losing(|count, message| message.method() == Method::Ack && count < 8);
    let (_, at_b) = pair.called();
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"answer")).unwrap();
    pair.run(Duration::from_secs(20));
    assert!(pair.b.sent_status(200, &Method::Invite) >= 2);
    assert_eq!(pair.b.sent_status(200, &Method::Invite), pair.a.sent_method(&Method::Ack));
    assert!(matches!(pair.b.events.last(), Some(Event::Confirmed { .. })));
    assert_eq!(pair.a.events.iter().filter(|event| matches!(event, Event::Answered { .. })).count(), 1);
}

#[test]
fn an_answer_that_nobody_confirms_is_taken_back_after_32_seconds() {
    let mut pair = Pair::losing(|_, message| message.is_request() && message.method() == Method::Ack);
    let (_, at_b) = pair.called();
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"answer")).unwrap();
    pair.run(Duration::from_secs(31));
    assert_eq!(pair.b.agent.live_calls(), 1);
    pair.run(Duration::from_secs(2));
    assert_eq!((pair.b.agent.live_calls(), pair.a.agent.live_calls()), (0, 0));
    assert_eq!(pair.b.sent_method(&Method::Bye), 1);
}

#[test]
fn a_callee_that_hangs_up_before_the_ack_waits_for_it() {
    let mut pair = Pair::new();
    let (_, at_b) = pair.called();
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"answer")).unwrap();
    pair.b.agent.hang_up(pair.now, at_b, None).unwrap();
    pair.soon();
    let ack = pair.a.sent.iter().position(|message| message.method() == Method::Ack).unwrap();
    assert!(ack > 0 && pair.b.sent_method(&Method::Bye) == 1);
    assert!(matches!(pair.b.events.last(), Some(Event::Ended { by: EndedBy::Us, .. })));
    assert!(matches!(pair.a.events.last(), Some(Event::Ended { by: EndedBy::Them, .. })));
}

#[test]
fn a_lossy_wire_delays_a_call_and_breaks_nothing() {
    let mut pair = Pair::losing(|count, _| count % 3 == 1);
    let (at_a, _) = pair.up();
    pair.a.agent.hang_up(pair.now, at_a, None).unwrap();
    pair.run(Duration::from_secs(40));
    assert!(matches!(pair.b.events.last(), Some(Event::Ended { by: EndedBy::Them, .. })));
    assert_eq!((pair.a.agent.live_calls(), pair.b.agent.live_calls()), (0, 0));
}

#[test]
fn an_ignored_call_hears_nothing_and_times_out_with_408() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.called();
    pair.b.agent.ignore(pair.now, at_b).unwrap();
    pair.a.agent.hang_up(pair.now, at_a, None).unwrap();
    pair.run(Duration::from_secs(33));
    assert!(matches!(pair.a.events.last(), Some(Event::Failed { status: 487, .. })));
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.b.sent.len(), 0);
    assert_eq!(pair.b.agent.live_calls(), 0);
}

#[test]
fn a_call_without_an_offer_is_confirmed_with_the_answer() {
    let mut pair = Pair::new();
    let invite = pair.invite(None);
    let at_a = pair.a.agent.call(pair.now, invite).unwrap();
    pair.soon();
    assert!(matches!(pair.b.events.last(), Some(Event::Incoming { sdp: None, .. })));
    let at_b = pair.b.incoming();
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"offer")).unwrap();
    pair.soon();
    assert!(pair.a.agent.is_confirming(at_a));
    assert_eq!(pair.a.sent_method(&Method::Ack), 0);
    pair.a.agent.confirm(pair.now, at_a, Bytes::from_static(b"answer")).unwrap();
    pair.run(Duration::from_secs(2));
    assert!(matches!(pair.b.events.last(), Some(Event::Confirmed { sdp: Some(sdp), .. }) if sdp == "answer"));
}

#[test]
fn a_reoffer_is_answered_and_a_refused_one_leaves_the_call_as_it_was() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.up();
    pair.a.agent.reinvite(pair.now, at_a, Bytes::from_static(b"hold")).unwrap();
    pair.soon();
    assert!(matches!(pair.b.events.last(), Some(Event::Reoffer { sdp: Some(sdp), .. }) if sdp == "hold"));
    pair.b.agent.answer(pair.now, at_b, &Bytes::from_static(b"held")).unwrap();
    pair.soon();
    assert!(matches!(pair.a.events.last(), Some(Event::Reanswered { sdp: Some(sdp), .. }) if sdp == "held"));
    pair.b.agent.reinvite(pair.now, at_b, Bytes::from_static(b"video")).unwrap();
    pair.soon();
    pair.a.agent.refuse(pair.now, at_a, 488, &[]).unwrap();
    pair.soon();
    assert!(matches!(pair.b.events.last(), Some(Event::ReofferFailed { status: 488, .. })));
    assert_eq!((pair.a.agent.live_calls(), pair.b.agent.live_calls()), (1, 1));
}

#[test]
fn offers_that_cross_are_refused_with_491_and_tried_again() {
    let mut pair = Pair::new();
    let (at_a, at_b) = pair.up();
    pair.a.agent.reinvite(pair.now, at_a, Bytes::from_static(b"from a")).unwrap();
    pair.b.agent.reinvite(pair.now, at_b, Bytes::from_static(b"from b")).unwrap();
    pair.soon();
    assert_eq!(pair.a.sent_status(491, &Method::Invite) + pair.b.sent_status(491, &Method::Invite), 2);
    // The callee's wait is below 2 s, the caller's above 2.1 s.
    pair.run(Duration::from_secs(2));
    assert!(matches!(pair.a.events.last(), Some(Event::Reoffer { sdp: Some(sdp), .. }) if sdp == "from b"));
    pair.a.agent.answer(pair.now, at_a, &Bytes::from_static(b"to b")).unwrap();
    pair.run(Duration::from_secs(5));
    assert!(pair.b.events.iter().any(|event| matches!(event, Event::Reanswered { .. })));
    assert!(matches!(pair.b.events.last(), Some(Event::Reoffer { sdp: Some(sdp), .. }) if sdp == "from a"));
}

#[test]
fn more_calls_than_allowed_are_refused_at_both_ends() {
    let mut pair = Pair::new();
    pair.up();
    let invite = pair.invite(Some("offer"));
    pair.a.agent.call(pair.now, invite.clone()).unwrap();
    pair.soon();
    let Some(Event::Failed { status: 503, reason: Some(reason), .. }) = pair.a.events.last() else {
        panic!()
    };
    assert!(reason.contains("cause=42"));
    for _ in 0..3 {
        pair.a.agent.call(pair.now, invite.clone()).unwrap();
    }
    assert_eq!(pair.a.agent.call(pair.now, invite), Err(Refused::Full));
}

#[test]
fn strangers_to_a_dialog_get_481_and_unknown_methods_501() {
    let mut pair = Pair::new();
    let (at_a, _) = pair.up();
    for (method, status, to) in
        [("BYE", 481, ";tag=x"), ("INVITE", 481, ";tag=x"), ("FOO", 501, ""), ("REGISTER", 405, "")]
    {
        let text = format!(
            "{method} sip:robert@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{method}\r\n\
             From: <sip:x@example.com>;tag=1\r\nTo: <sip:robert@example.com>{to}\r\nCall-ID: {method}\r\n\
             CSeq: 1 {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        pair.b.agent.handle_packet(pair.now, pair.a.addr, text.into());
        pair.settle();
        assert_eq!(pair.b.sent.last().unwrap().status(), Some(status), "{method}");
    }
    assert_eq!(pair.a.agent.hang_up(pair.now, at_a, None), Ok(()));
}

/// A registrar by hand: challenges with both algorithms, then grants what it wants.
fn registrar(request: &Message, granted: u32) -> Bytes {
    let peer = Peer::new("192.0.2.1:5060".parse().unwrap(), crate::Transport::Udp);
    let reply = |status| transaction::reply(request, &peer, status, "x", "registrar");
    let Some(authorization) = request.header(HeaderName::Authorization) else {
        let challenge =
            |algorithm| crate::digest::Challenge::new("acme.example", "nonce", algorithm).to_header();
        return reply(401)
            .header("WWW-Authenticate", challenge(crate::digest::Algorithm::Md5))
            .header("WWW-Authenticate", challenge(crate::digest::Algorithm::Sha256))
            .finish();
    };
    let credentials = crate::digest::Credentials::parse(authorization).unwrap();
    let ha1 = crate::digest::ha1(crate::digest::Algorithm::Sha256, "alice", "acme.example", "secret");
    if !crate::digest::verify(&credentials, &ha1, &Method::Register, b"") {
        return reply(401)
            .header(
                "WWW-Authenticate",
                crate::digest::Challenge::new("acme.example", "2", crate::digest::Algorithm::Md5).to_header(),
            )
            .finish();
    }
    let contact = request.header(HeaderName::Contact).unwrap();
    let expires = request.expires().unwrap().min(granted);
    reply(200).header_fmt("Contact", format_args!("{contact};expires={expires}")).finish()
}

/// Answers every REGISTER that A has sent since the last time.
fn serve(pair: &mut Pair, done: &mut usize, granted: u32) {
    pair.settle();
    while *done < pair.a.sent.len() {
        let answer = registrar(&pair.a.sent[*done], granted);
        *done += 1;
        pair.a.agent.handle_packet(pair.now, pair.b.addr, answer);
        pair.settle();
    }
}

fn registration(pair: &Pair, password: &str) -> Registration {
    let account = Account { username: "alice".to_owned(), password: password.to_owned() };
    let domain = "acme.example".to_owned();
    Registration { registrar: pair.b.addr, domain, account, expires: Duration::from_secs(300) }
}

#[test]
fn a_binding_is_made_with_sha_256_refreshed_in_time_and_taken_back() {
    let (mut pair, mut done) = (Pair::losing(|_, _| true), 0);
    let wanted = registration(&pair, "secret");
    let id = pair.a.agent.register(pair.now, wanted).unwrap();
    serve(&mut pair, &mut done, 60);
    let Some(Event::Registered { expires, .. }) = pair.a.events.last() else { panic!("{:?}", pair.a.events) };
    assert_eq!((*expires, done), (Duration::from_secs(60), 2));
    pair.run(Duration::from_secs(47));
    assert_eq!(pair.a.sent.len(), 2, "no refresh before 80 % of the life");
    pair.run(Duration::from_millis(1_200));
    serve(&mut pair, &mut done, 60);
    assert_eq!(pair.a.events.len(), 2);
    pair.a.agent.unregister(pair.now, id).unwrap();
    serve(&mut pair, &mut done, 60);
    assert!(matches!(pair.a.events.last(), Some(Event::Unregistered { .. })));
    let numbers: Vec<u32> = pair.a.sent.iter().filter_map(|message| Some(message.cseq()?.0)).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn a_wrong_password_fails_after_one_try() {
    let (mut pair, mut done) = (Pair::losing(|_, _| true), 0);
    let wanted = registration(&pair, "guess");
    pair.a.agent.register(pair.now, wanted).unwrap();
    serve(&mut pair, &mut done, 60);
    assert!(matches!(pair.a.events[..], [Event::RegisterFailed { status: 401, .. }]));
    assert_eq!(done, 2);
}

#[test]
fn a_registrar_that_is_not_there_is_408() {
    let mut pair = Pair::losing(|_, _| true);
    let wanted = registration(&pair, "secret");
    pair.a.agent.register(pair.now, wanted).unwrap();
    pair.run(Duration::from_secs(33));
    assert!(matches!(pair.a.events[..], [Event::RegisterFailed { status: 408, .. }]));
}

#[test]
fn a_challenged_invite_is_sent_again_with_credentials_and_the_ack_has_them_too() {
    let mut pair = Pair::losing(|_, _| true);
    let mut invite = pair.invite(Some("offer"));
    invite.account = Some(Account { username: "alice".to_owned(), password: "secret".to_owned() });
    let at_a = pair.a.agent.call(pair.now, invite).unwrap();
    pair.settle();
    let challenge = registrar(&pair.a.sent[0], 0);
    pair.a.agent.handle_packet(pair.now, pair.b.addr, challenge);
    pair.settle();
    let second = pair.a.sent.last().unwrap().clone();
    assert_eq!(second.cseq(), Some((2, Method::Invite)));
    assert!(second.header(HeaderName::Authorization).unwrap().contains("SHA-256"));
    let peer = Peer::new(pair.a.addr, crate::Transport::Udp);
    let ok = transaction::reply(&second, &peer, 200, "OK", "callee")
        .header("Contact", "<sip:robert@192.0.2.2>")
        .header("Record-Route", "<sip:192.0.2.9;lr>")
        .body(Some("application/sdp"), "answer")
        .finish();
    pair.a.agent.handle_packet(pair.now, pair.b.addr, ok);
    pair.settle();
    let ack = pair.a.sent.last().unwrap();
    assert_eq!(ack.cseq(), Some((2, Method::Ack)));
    assert!(ack.header(HeaderName::Authorization).is_some());
    assert_eq!(
        (ack.request_uri(), ack.header(HeaderName::Route)),
        (Some("sip:robert@192.0.2.2"), Some("<sip:192.0.2.9;lr>"))
    );
    pair.a.agent.hang_up(pair.now, at_a, None).unwrap();
    pair.settle();
    assert_eq!(pair.a.sent.last().unwrap().cseq(), Some((3, Method::Bye)));
}
