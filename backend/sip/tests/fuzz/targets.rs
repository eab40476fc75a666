//! What the fuzzer calls, and what the tests replay: each takes any bytes, and panics only where the code is wrong.

use bytes::Bytes;
use dialtone_sip::{
    Transport,
    b2bua::{
        Attempt, CallRef, Config, Engine, Input, MediaFailed, MediaNeed, Milestone, Output, Peer, Plan,
        Refusal, Reply, Verdict,
    },
    digest::{Challenge, Credentials},
    header::{CSeq, NameAddr, Params, RAck, Reason, SessionExpires, Via, quote, split_comma},
    stream::Framer,
    transaction::reply,
    uri::{Uri, decode, encode_user, split_host_port},
    wire::{HeaderName, MESSAGE_MAX, Message, Method},
};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// One message, and everything that can be asked of it.
pub(crate) fn message(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Some(message) = Message::read(bytes).map_or_else(|(_, message)| message, Some) else { return };
    let _ = (message.check(), message.method(), message.status(), message.reason().len(), message.cseq());
    let _ = (message.call_id(), message.max_forwards(), message.expires(), message.body().len());
    let _ = (message.from(), message.to(), message.contact(), message.contacts().count());
    let _ = message.top_via().map(|via| (via.to_string(), via.has_cookie(), via.port_or_default()));
    let _ = dialtone_sip::b2bua::shard_of(&message);
    assert!(message.bytes().len() <= MESSAGE_MAX, "no message is longer than its bound");
    for (name, value) in message.fields() {
        assert!(!value.contains(&b'\n') && !name.is_empty(), "a field is one line with a name");
    }
    for name in [HeaderName::Via, HeaderName::Contact, HeaderName::Route] {
        assert!(message.values(name).all(|value| !value.contains('\n')), "a value is one line");
    }
    if message.is_request() && message.header(HeaderName::Via).is_some() {
        let answer = reply(&message, &peer(1), 400, "Bad Request", "tag").finish();
        assert!(Message::parse(answer).is_ok(), "what we answer can be read");
    }
}

/// A URI reads alike after it was written.
pub(crate) fn uri(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (decode(&text).len(), encode_user(&text).len(), split_host_port(&text));
    if let Ok(uri) = Uri::parse(&text) {
        assert!(uri.is_equal(&uri), "a URI is equal to itself: {text:?}");
        let _ = (uri.user_decoded(), uri.host_port().to_string(), uri.header_values().count());
        let _ = uri.param("lr");
    }
}

/// A value, read as each kind of header.
pub(crate) fn headers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (Via::parse(&text), CSeq::parse(&text), RAck::parse(&text), Reason::parse(&text));
    let _ = (SessionExpires::parse(&text), split_comma(&text).count());
    let _ = Params::parse(&text).map(|params| params.iter().count());
    let quoted = quote(&text);
    assert!(quoted.starts_with('"') && quoted.ends_with('"'), "a quoted string is quoted");
    if let Ok(address) = NameAddr::parse(&text) {
        let _ = (address.tag(), address.to_string());
        uri(address.uri.as_bytes());
    }
}

/// A digest challenge or answer.
pub(crate) fn digest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(challenge) = Challenge::parse(&text) {
        let again = Challenge::parse(&challenge.to_header());
        assert!(again.is_ok(), "what was read can be written and read again: {text:?}");
    }
    if let Ok(credentials) = Credentials::parse(&text) {
        let is_right = dialtone_sip::digest::verify(&credentials, "00", &Method::Invite, b"");
        assert!(!is_right, "nobody guesses a hash");
    }
}

/// Bytes of a connection, in pieces; whatever the pieces are, the frames are the same.
pub(crate) fn stream(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let piece = usize::from(*size).max(1);
    assert_eq!(frames(data, piece), frames(data, 1_000), "frames do not depend on how bytes arrive");
}

fn frames(data: &[u8], piece: usize) -> (Vec<String>, bool) {
    let (mut framer, mut frames) = (Framer::new(), Vec::new());
    for piece in data.chunks(piece) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(format!("{frame:?}")),
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}

/// A peer at a port of its own.
fn peer(at: u8) -> Peer {
    Peer::new(SocketAddr::from(([127, 0, 0, at], 5060)), Transport::Udp)
}

/// An engine, and what it said and was told: an answered call, a call in the making, requests in both directions, money,
/// commands and time, in any order.
struct Play {
    engine: Engine,
    now: Instant,
    /// Messages that the engine sent, newest last.
    sent: VecDeque<(Peer, Message)>,
    requests: VecDeque<u64>,
    calls: HashMap<CallRef, u32>,
    invites: u32,
    answered: usize,
}

/// Messages of the engine that are kept to be answered.
const SENT_MAX: usize = 16;
/// Steps of one play.
const STEPS_MAX: usize = 200;
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

/// Any sequence of inputs: each accepted call ends at most once, and after a while nothing is left. Says how many calls
/// were accepted, and how many answered.
#[expect(clippy::disallowed_methods, reason = "one reading is the origin of a virtual clock")]
pub(crate) fn engine(data: &[u8]) -> (usize, usize) {
    let sent_by = vec![(Transport::Udp, "127.0.0.1:5060".to_owned())];
    let mut play = Play {
        engine: Engine::new(Config::new(0, [7; 16], sent_by)),
        now: Instant::now(),
        sent: VecDeque::new(),
        requests: VecDeque::new(),
        calls: HashMap::new(),
        invites: 0,
        answered: 0,
    };
    let mut bytes = data.iter().copied();
    for _ in 0..STEPS_MAX {
        let (Some(act), Some(with)) = (bytes.next(), bytes.next()) else { break };
        play.step(act, with);
    }
    play.finish()
}

impl Play {
    fn step(&mut self, act: u8, with: u8) {
        match act % 16 {
            0 | 1 => self.invite(with),
            2 => {
                if let Some(request) = self.requests.pop_front() {
                    self.feed(Input::Accept { request });
                }
            }
            3 => {
                if let Some(request) = self.requests.pop_back() {
                    self.feed(Input::Answer { request, reply: Reply::new(200 + u16::from(with)) });
                }
            }
            4 | 5 => self.verdict(with),
            6..=9 => self.respond(with),
            10 => self.in_dialog(with),
            11 => {
                let call = self.any_call(with);
                let funded = (!with.is_multiple_of(3)).then(|| Duration::from_secs(u64::from(with)));
                self.feed(Input::Funded { call, funded });
            }
            12 => {
                let call = self.any_call(with);
                self.feed(Input::End { call, refusal: Refusal::new(480, 31, "ended-by-command") });
            }
            13 => self.feed(Input::TransportFailed { peer: peer(with % 4) }),
            14 => self.feed(Input::Media { call: self.any_call(with), answer: media(with) }),
            _ => self.pass(Duration::from_millis(u64::from(with) * 100)),
        }
    }

    fn invite(&mut self, with: u8) {
        self.invites += u32::from(!with.is_multiple_of(4));
        let (n, sdp) = (self.invites, if with.is_multiple_of(3) { "" } else { SDP });
        let method = if with % 7 == 6 { "OPTIONS" } else { "INVITE" };
        let text = format!(
            "{method} sip:1@edge.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK{n}\r\n\
             Max-Forwards: {with}\r\nFrom: <sip:a@b.test>;tag=f{n}\r\nTo: <sip:1@edge.test>\r\nCall-ID: c{n}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:a@127.0.0.1>\r\nSupported: 100rel, timer, replaces\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        self.packet(peer(1), text.as_bytes());
        if with.is_multiple_of(2)
            && let Some(request) = self.requests.pop_back()
        {
            self.feed(Input::Accept { request });
            self.verdict(with);
        }
        if with % 11 == 10 {
            let cancel = text.replace(method, "CANCEL");
            self.packet(peer(1), cancel.as_bytes());
        }
    }

    fn verdict(&mut self, with: u8) {
        let call = self.any_call(with);
        let attempt = |at: u8| {
            let (from, to) = ("<sip:a@edge.test>", "<sip:1@edge.test>");
            let mut attempt = Attempt::new(peer(2 + at), format!("sip:1@127.0.0.{}", 2 + at), from, to);
            attempt.next_on_any_failure = with.is_multiple_of(2);
            attempt
        };
        let verdict = match with % 8 {
            0 => Verdict::Refuse(Refusal::new(404, 1, "number-not-found")),
            tries => {
                let mut plan = Plan::new((0..tries % 3).map(attempt).collect());
                plan.funded = (with > 128).then(|| Duration::from_secs(u64::from(with)));
                plan.extend_lead = Duration::from_secs(5);
                Verdict::Connect(plan)
            }
        };
        self.feed(Input::Verdict { call, verdict });
    }

    /// Answers one of the engine's requests, or acknowledges one of its answers.
    fn respond(&mut self, with: u8) {
        // Mostly what was said last, sometimes what is long over.
        let place = usize::from(with & 0b11) * usize::from(with >> 2 & 0b11);
        let Some((to, message)) = self.sent.iter().rev().nth(place).cloned() else { return };
        if !message.is_request() {
            return self.acknowledge(to, &message, with);
        }
        const STATUSES: [u16; 12] = [100, 180, 183, 200, 200, 200, 302, 401, 422, 486, 491, 503];
        let status = STATUSES[usize::from(with >> 4) % STATUSES.len()];
        let tag = if with.is_multiple_of(5) { "fork" } else { "callee" };
        let writer = reply(&message, &to, status, "", tag)
            .header("Contact", "<sip:callee@127.0.0.2>")
            .header("Require", if with.is_multiple_of(9) { "100rel" } else { "" })
            .header("RSeq", "1");
        let answer = if with.is_multiple_of(2) {
            writer.body(Some("application/sdp"), SDP.as_bytes()).finish()
        } else {
            writer.finish()
        };
        self.packet(to, &answer);
    }

    /// ACK, BYE, re-INVITE and others in the dialog that an answer of the engine's made.
    fn acknowledge(&mut self, to: Peer, answer: &Message, with: u8) {
        let text = |name| answer.header(name).map(str::to_owned);
        let (Some(from), Some(called), Some(call)) =
            (text(HeaderName::From), text(HeaderName::To), text(HeaderName::CallId))
        else {
            return;
        };
        const METHODS: [&str; 8] = ["ACK", "BYE", "INVITE", "PRACK", "UPDATE", "INFO", "REFER", "CANCEL"];
        let method = METHODS[usize::from(with >> 5) % METHODS.len()];
        let (from, called) = if with.is_multiple_of(2) { (called, from) } else { (from, called) };
        let request = format!(
            "{method} sip:1@edge.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKd{with}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {called}\r\nCall-ID: {call}\r\nCSeq: {with} {method}\r\n\
             Contact: <sip:a@127.0.0.1>\r\nRAck: 1 1 INVITE\r\nRefer-To: <sip:2@edge.test>\r\nContent-Length: 0\r\n\r\n"
        );
        self.packet(to, request.as_bytes());
    }

    fn in_dialog(&mut self, with: u8) {
        let place = usize::from(with) % SENT_MAX;
        let Some((to, message)) = self.sent.iter().rev().nth(place).cloned() else { return };
        // What the engine said comes back to it, changed in one byte: a mirror, or a bad line.
        let mut bytes = message.bytes().to_vec();
        let at = usize::from(with) * 7 % bytes.len();
        bytes[at] = bytes[at].wrapping_add(with % 3);
        self.packet(to, &bytes);
    }

    fn any_call(&self, with: u8) -> CallRef {
        let mut known: Vec<CallRef> = self.calls.keys().copied().collect();
        known.sort_unstable();
        known.get(usize::from(with) % known.len().max(1)).copied().unwrap_or_else(|| u64::from(with))
    }

    fn packet(&mut self, from: Peer, bytes: &[u8]) {
        if let Ok(message) = Message::parse(Bytes::copy_from_slice(bytes)) {
            self.feed(Input::Packet { from, message });
        }
    }

    fn feed(&mut self, input: Input) {
        self.engine.handle_input(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.engine.poll_output() {
            outputs += 1;
            assert!(outputs < 100_000, "one input has an end");
            match output {
                Output::Transmit { peer, bytes } => {
                    let message = Message::parse(bytes).expect("what the engine sends can be read");
                    self.sent.push_back((peer, message));
                    if self.sent.len() > SENT_MAX {
                        self.sent.pop_front();
                    }
                }
                Output::Request { request, .. } => self.requests.push_back(request),
                Output::Accepted { call, .. } => {
                    self.calls.insert(call, 0);
                }
                Output::Media { call, need: MediaNeed::Rewrite { sdp, .. } } => {
                    self.engine.handle_input(self.now, Input::Media { call, answer: Ok(sdp) });
                }
                Output::Progress { event: Milestone::Answered { .. }, .. } => self.answered += 1,
                Output::Ended(summary) => {
                    let ends = self.calls.entry(summary.call).or_default();
                    *ends += 1;
                    assert_eq!(*ends, 1, "a call ends once");
                }
                _ => {}
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for _ in 0..10_000 {
            if self.engine.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
            self.engine.handle_timeout(self.now);
            self.drain();
        }
        panic!("timers fire without end");
    }

    /// Everything is ended, and the longest timers pass: nothing is left.
    fn finish(mut self) -> (usize, usize) {
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            self.feed(Input::End { call, refusal: Refusal::new(480, 31, "ended-by-command") });
        }
        for _ in 0..60 {
            self.pass(Duration::from_secs(10));
        }
        assert!(self.calls.values().all(|ends| *ends == 1), "every accepted call ended");
        assert_eq!(self.engine.calls().count(), 0, "no call is left");
        assert_eq!(self.engine.transactions(), 0, "no transaction is left");
        (self.calls.len(), self.answered)
    }
}

fn media(with: u8) -> Result<Bytes, MediaFailed> {
    if with.is_multiple_of(4) {
        Err(MediaFailed(Refusal::new(488, 47, "media-unavailable")))
    } else {
        Ok(Bytes::from_static(SDP.as_bytes()))
    }
}
