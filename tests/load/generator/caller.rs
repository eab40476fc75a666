//! The caller: INVITE, ACK, a while, BYE.

use super::{Counts, Load, PATIENCE, T1};
use crate::link::{Link, Via, Wire};
use bytes::Bytes;
use sip::{
    Method,
    wire::{HeaderName, Message},
};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fmt::Write as _,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Calls that one turn starts at most.
const STARTS: u64 = 64;
/// Statuses that are kept of what failed.
const STATUSES: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Inviting,
    Up,
    Leaving,
    Over,
}

struct Call {
    state: State,
    began: Instant,
    has_rung: bool,
    pause: Duration,
    give_up: Instant,
    hold: Duration,
    /// What is sent again: the INVITE or the BYE.
    last: String,
    ack: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Again,
    Bye,
}

pub(super) struct Caller {
    load: Load,
    link: Link,
    to: Via,
    calls: Vec<Call>,
    /// The last call that is to be started, and where the running step began.
    wanted: usize,
    first: usize,
    /// Calls of this step that are over.
    over: usize,
    up: u64,
    timers: BinaryHeap<Reverse<(Instant, usize, Due)>>,
    pub(super) counts: Counts,
    /// Tells the calls of this run from those of others.
    run: u32,
}

impl Caller {
    pub(super) fn new(load: &Load) -> io::Result<Self> {
        let link = Link::connect(load.wire, load.caller, load.target, load.keys.as_ref())?;
        let to = match link {
            Link::Udp(_) => Via::Address(load.target),
            Link::Streams { .. } => Via::Connection(0),
        };
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            link,
            to,
            calls: Vec::with_capacity(load.calls as usize),
            wanted: load.calls as usize,
            first: 0,
            over: 0,
            up: 0,
            timers: BinaryHeap::new(),
            counts: Counts::default(),
            run: std::process::id() ^ time.subsec_nanos(),
            load: load.clone(),
        })
    }

    pub(super) fn mark(&mut self) {
        self.first = self.calls.len();
        self.over = 0;
    }

    pub(super) fn go_on(&mut self, calls: u32, hold: Duration) {
        self.wanted = self.calls.len() + calls as usize;
        self.load.hold = hold;
        self.counts = Counts::default();
    }

    pub(super) const fn up(&self) -> u64 {
        self.up
    }

    /// All calls of this step were started and are over; those of former steps may be up.
    pub(super) fn is_done(&self) -> bool {
        self.calls.len() >= self.wanted && self.over >= self.calls.len() - self.first
    }

    /// Starts the calls that are due by now, of those of this step.
    pub(super) fn start(&mut self, due: u64, now: Instant) -> bool {
        let due = (self.first + due as usize).min(self.wanted);
        let missing = due.saturating_sub(self.calls.len()).min(STARTS as usize);
        for _ in 0..missing {
            self.invite(now);
        }
        missing > 0
    }

    fn invite(&mut self, now: Instant) {
        let id = self.calls.len();
        let invite = self.invite_text(id);
        self.link.send(self.to, invite.as_bytes());
        self.counts.started += 1;
        self.calls.push(Call {
            state: State::Inviting,
            began: now,
            has_rung: false,
            pause: T1,
            give_up: now + PATIENCE,
            hold: self.load.hold,
            last: invite,
            ack: String::new(),
        });
        self.timers.push(Reverse((now + T1, id, Due::Again)));
    }

    /// Hears what came, and does what is due.
    pub(super) fn turn(&mut self, now: Instant) -> bool {
        let mut heard = Vec::new();
        self.link.receive(|_, bytes| heard.push(bytes));
        let has_heard = !heard.is_empty();
        for bytes in heard {
            self.hear(bytes, now);
        }
        while let Some(Reverse((at, id, due))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            match due {
                Due::Again => self.again(id, now),
                Due::Bye => self.bye(id, now),
            }
        }
        self.link.flush();
        has_heard
    }

    fn hear(&mut self, bytes: Bytes, now: Instant) {
        let Ok(message) = Message::parse(bytes) else { return };
        let Some(status) = message.status() else { return self.asked(&message) };
        let Some((_, method)) = message.cseq() else { return };
        let id = message.call_id().and_then(|text| {
            let (run, id) = text.split_once('-')?;
            let is_ours = run.parse() == Ok(self.run);
            id.parse::<usize>().ok().filter(|id| is_ours && *id < self.calls.len())
        });
        let Some(id) = id else { return };
        match (method, status) {
            (Method::Invite, 100) => self.calls[id].pause = PATIENCE,
            (Method::Invite, 101..200) => {
                self.calls[id].pause = PATIENCE;
                self.calls[id].has_rung = true;
            }
            (Method::Invite, 200..300) => self.answered(id, &message, now),
            (Method::Invite, _) => self.refused(id, &message, status),
            (Method::Bye, 200..) if self.calls[id].state == State::Leaving => {
                if status < 300 {
                    self.counts.completed += 1;
                } else {
                    self.broken(status);
                }
                self.over(id);
            }
            _ => {}
        }
    }

    /// A request of the far end: it hangs up, which nobody has asked for, or asks whether we are there.
    fn asked(&mut self, message: &Message) {
        if message.method() == Method::Ack {
            return;
        }
        let answer = super::callee::answer(message, "200 OK", None, "", "");
        self.link.send(self.to, answer.as_bytes());
        let id = message.call_id().and_then(|text| text.split_once('-')?.1.parse::<usize>().ok());
        if let Some(id) = id.filter(|id| *id < self.calls.len() && message.method() == Method::Bye)
            && self.calls[id].state != State::Over
        {
            self.broken(0);
            self.over(id);
        }
    }

    fn answered(&mut self, id: usize, message: &Message, now: Instant) {
        if self.calls[id].state != State::Inviting {
            if !self.calls[id].ack.is_empty() {
                self.counts.retransmissions += 1;
                self.link.send(self.to, self.calls[id].ack.as_bytes());
            }
            return;
        }
        let target = message.contact().ok().flatten().map_or("", |contact| contact.uri);
        let routes: Vec<&str> = message.values(HeaderName::RecordRoute).collect();
        let to = message.header(HeaderName::To).unwrap_or_default();
        let ack = self.in_dialog("ACK", 1, id, target, &routes, to);
        let bye = self.in_dialog("BYE", 2, id, target, &routes, to);
        self.link.send(self.to, ack.as_bytes());
        let setup = now.saturating_duration_since(self.calls[id].began).saturating_sub(self.load.ring);
        self.counts.setup_us.push(u32::try_from(setup.as_micros()).unwrap_or(u32::MAX));
        self.up += 1;
        let call = &mut self.calls[id];
        (call.state, call.ack, call.last, call.has_rung) = (State::Up, ack, bye, true);
        self.timers.push(Reverse((now + call.hold, id, Due::Bye)));
    }

    fn refused(&mut self, id: usize, message: &Message, status: u16) {
        let to = message.header(HeaderName::To).unwrap_or_default().to_owned();
        let ack = self.refused_ack(id, &to);
        self.link.send(self.to, ack.as_bytes());
        if self.calls[id].state != State::Inviting {
            self.counts.retransmissions += 1;
            return;
        }
        match (status, self.calls[id].has_rung) {
            (503, false) => {
                self.counts.refused += 1;
                self.counts.with_retry_after += u64::from(message.extension("Retry-After").is_some());
            }
            (_, false) => {
                self.counts.failed += 1;
                self.note(status);
            }
            (_, true) => self.broken(status),
        }
        self.over(id);
    }

    fn broken(&mut self, status: u16) {
        self.counts.broken += 1;
        self.note(status);
    }

    fn note(&mut self, status: u16) {
        if self.counts.statuses.len() < STATUSES {
            self.counts.statuses.push(status);
        }
    }

    fn again(&mut self, id: usize, now: Instant) {
        let call = &mut self.calls[id];
        if !matches!(call.state, State::Inviting | State::Leaving) {
            return;
        }
        if now >= call.give_up {
            if call.has_rung {
                self.broken(408);
            } else {
                self.counts.silent += 1;
            }
            return self.over(id);
        }
        // An INVITE that was heard is waited for in silence.
        let is_heard = call.state == State::Inviting && call.pause >= PATIENCE;
        if self.load.wire.is_lossy() && !is_heard {
            self.counts.retransmissions += 1;
            self.link.send(self.to, call.last.as_bytes());
            call.pause *= 2;
        }
        let next = (now + call.pause.min(Duration::from_secs(4))).min(call.give_up);
        self.timers.push(Reverse((next, id, Due::Again)));
    }

    fn bye(&mut self, id: usize, now: Instant) {
        let call = &mut self.calls[id];
        if call.state != State::Up {
            return;
        }
        (call.state, call.pause, call.give_up) = (State::Leaving, T1, now + PATIENCE);
        self.link.send(self.to, call.last.as_bytes());
        self.timers.push(Reverse((now + T1, id, Due::Again)));
    }

    fn over(&mut self, id: usize) {
        let call = &mut self.calls[id];
        if matches!(call.state, State::Up | State::Leaving) {
            self.up -= 1;
        }
        call.state = State::Over;
        // A call that is over keeps only what acknowledges a late answer.
        call.last = String::new();
        self.over += usize::from(id >= self.first);
    }
}

/// What is said.
impl Caller {
    fn local(&self) -> SocketAddr {
        self.load.caller
    }

    fn head(&self, method: &str, cseq: u32, id: usize, uri: &str, to: &str) -> String {
        let (wire, local, run) = (self.load.wire.name(), self.local(), self.run);
        let (number, host) = (&self.load.number, &self.load.host);
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{wire} {local};branch=z9hG4bK{run}.{id}.{method};rport\r\n\
             From: <sip:{number}@{host}>;tag={run}x{id}\r\nTo: {to}\r\nCall-ID: {run}-{id}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\n"
        )
    }

    fn uri(&self) -> String {
        format!("sip:{}@{}", self.load.dialled, self.load.target)
    }

    fn invite_text(&self, id: usize) -> String {
        let uri = self.uri();
        let mut text = self.head("INVITE", 1, id, &uri, &format!("<{uri}>"));
        let transport = self.load.wire.name().to_ascii_lowercase();
        let contact = match self.load.wire {
            Wire::Udp | Wire::Tcp => self.local().to_string(),
            // A trunk that shows a certificate says its name in Contact.
            Wire::Tls => format!("{}:{}", self.load.host, self.local().port()),
        };
        let _ = write!(text, "Contact: <sip:load@{contact};transport={transport}>\r\n");
        super::callee::body(&mut text, self.local(), self.load.has_media);
        text
    }

    fn in_dialog(&self, method: &str, cseq: u32, id: usize, uri: &str, routes: &[&str], to: &str) -> String {
        let mut text = self.head(method, cseq, id, uri, to);
        for route in routes.iter().rev() {
            let _ = write!(text, "Route: {route}\r\n");
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text
    }

    /// The ACK of a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
    fn refused_ack(&self, id: usize, to: &str) -> String {
        let mut text = self.head("ACK", 1, id, &self.uri(), to);
        text = text.replace(".ACK;rport", ".INVITE;rport");
        text.push_str("Content-Length: 0\r\n\r\n");
        text
    }
}
