//! What the signalling of one call costs the engine: whole calls as bytes, on virtual time, with as many transactions
//! lingering as a real load leaves behind.
//!
//! `cargo run --release -p dialtone-sip --example call_cost [CALLS] [CALLS PER SECOND]` prints the engine's nanoseconds
//! for each call of the second half. Under callgrind it is the same run each time, but for the clock.

#![expect(clippy::disallowed_methods, reason = "it measures time, which the engine itself never reads")]

use bytes::Bytes;
use dialtone_sip::Transport;
use dialtone_sip::b2bua::{Attempt, Config, Engine, Input, Output, Plan, Verdict};
use dialtone_sip::transaction::Peer;
use dialtone_sip::wire::{HeaderName, Message, Method};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

const OURS: &str = "127.0.0.20:5060";
const CALLER: &str = "127.0.0.2:5070";
const CALLEE: &str = "127.0.0.3:5080";
/// How long the driver decides, the callee rings, and both talk.
const DECISION: Duration = Duration::from_millis(20);
const RING: Duration = Duration::from_millis(50);
const TALK: Duration = Duration::from_millis(100);

/// What happens at a time that was fixed before; each sort waits equally long, so that each needs but a queue.
#[derive(Default)]
struct Waiting {
    verdicts: VecDeque<(Instant, u64)>,
    answers: VecDeque<(Instant, Bytes)>,
    byes: VecDeque<(Instant, Bytes)>,
}

struct Bench {
    engine: Engine,
    now: Instant,
    waiting: Waiting,
    /// What the phones say next, and from where.
    said: VecDeque<(Peer, Bytes)>,
    caller: Peer,
    callee: Peer,
    plan: Plan,
    spent: Duration,
    ended: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map_while(|argument| argument.parse().ok());
    let calls = arguments.next().unwrap_or(160_000_u32);
    let rate = arguments.next().unwrap_or(2_000_u32);
    let mut bench = Bench::new();
    let spacing = Duration::from_secs(1) / rate;
    let mut half = Duration::ZERO;
    for id in 0..calls {
        if id == calls / 2 {
            half = bench.spent;
        }
        bench.said.push_back((bench.caller, invite(id)));
        bench.settle();
        bench.pass(spacing);
    }
    let measured = (bench.spent - half) / (calls - calls / 2);
    println!(
        "{calls} calls at {rate} per second: {} ns each, {} over, {} transactions linger",
        measured.as_nanos(),
        bench.ended,
        bench.engine.transactions()
    );
}

impl Bench {
    fn new() -> Self {
        let peer = |place: &str| Peer::new(place.parse().expect("an address"), Transport::Udp);
        let (caller, callee) = (peer(CALLER), peer(CALLEE));
        let attempt = Attempt {
            headers: vec![("P-Asserted-Identity".to_owned(), format!("<sip:+4989100@{OURS}>"))],
            ..Attempt::new(
                callee,
                format!("sip:+4989200@{CALLEE}"),
                format!("<sip:+4989100@{OURS}>"),
                format!("<sip:+4989200@{CALLEE}>"),
            )
        };
        let config = Config::new(0, [7; 16], vec![(Transport::Udp, OURS.to_owned())]);
        Self {
            engine: Engine::new(config),
            now: Instant::now(),
            waiting: Waiting::default(),
            said: VecDeque::new(),
            caller,
            callee,
            plan: Plan { funded: Some(Duration::from_secs(60)), ..Plan::new(vec![attempt]) },
            spent: Duration::ZERO,
            ended: 0,
        }
    }

    /// Lets time pass, and does what is due meanwhile.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        let now = self.now;
        while let Some((_, call)) = self.waiting.verdicts.pop_front_if(|(at, _)| *at <= now) {
            let verdict = Verdict::Connect(self.plan.clone());
            self.feed(Input::Verdict { call, verdict });
        }
        while let Some((_, ok)) = self.waiting.answers.pop_front_if(|(at, _)| *at <= now) {
            self.said.push_back((self.callee, ok));
        }
        while let Some((_, bye)) = self.waiting.byes.pop_front_if(|(at, _)| *at <= now) {
            self.said.push_back((self.caller, bye));
        }
        if self.engine.poll_timeout().is_some_and(|at| at <= now) {
            let began = Instant::now();
            self.engine.handle_timeout(now);
            self.spent += began.elapsed();
        }
        self.drain();
        self.settle();
    }

    /// Has the engine hear all that is said.
    fn settle(&mut self) {
        while let Some((from, bytes)) = self.said.pop_front() {
            let began = Instant::now();
            let message = Message::parse(bytes).expect("sound");
            message.check().expect("sound");
            self.engine.handle_input(self.now, Input::Packet { from, message });
            self.spent += began.elapsed();
            self.drain();
        }
    }

    fn feed(&mut self, input: Input) {
        let began = Instant::now();
        self.engine.handle_input(self.now, input);
        self.spent += began.elapsed();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Transmit { peer, bytes } if peer.addr == self.caller.addr => self.at_caller(bytes),
                Output::Transmit { bytes, .. } => self.at_callee(bytes),
                Output::Request { request, .. } => self.feed(Input::Accept { request }),
                Output::Accepted { call, .. } => self.waiting.verdicts.push_back((self.now + DECISION, call)),
                Output::Ended(_) => self.ended += 1,
                other => drop(black_box(other)),
            }
        }
    }

    fn at_caller(&mut self, bytes: Bytes) {
        let message = Message::parse(bytes).expect("sound");
        if message.status() == Some(200) && message.method() == Method::Invite {
            self.said.push_back((self.caller, request("ACK", 1, &message)));
            self.waiting.byes.push_back((self.now + TALK, request("BYE", 2, &message)));
        }
    }

    fn at_callee(&mut self, bytes: Bytes) {
        let message = Message::parse(bytes).expect("sound");
        match message.method() {
            Method::Invite => {
                self.said.push_back((self.callee, response("180 Ringing", &message)));
                self.waiting.answers.push_back((self.now + RING, response("200 OK", &message)));
            }
            Method::Bye => self.said.push_back((self.callee, response("200 OK", &message))),
            _ => {}
        }
    }
}

fn invite(id: u32) -> Bytes {
    format!(
        "INVITE sip:+4989200@{OURS} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK77.{id}.INVITE;rport\r\n\
         From: <sip:+4989100@{CALLER}>;tag=77x{id}\r\nTo: <sip:+4989200@{OURS}>\r\nCall-ID: 77-{id}\r\n\
         CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:load@{CALLER};transport=udp>\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into()
}

/// The caller's next request, in the dialog that a 200 has made.
fn request(method: &str, number: u32, ok: &Message) -> Bytes {
    let header = |name| ok.header(name).unwrap_or_default();
    let contact = ok.contact().ok().flatten().map_or("", |contact| contact.uri);
    let call_id = header(HeaderName::CallId);
    format!(
        "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{call_id}.{method};rport\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n",
        header(HeaderName::From),
        header(HeaderName::To),
    )
    .into()
}

/// What the callee says to a request.
fn response(status: &str, request: &Message) -> Bytes {
    let header = |name| request.header(name).unwrap_or_default();
    let to = header(HeaderName::To);
    let tag = if to.contains("tag=") { "" } else { ";tag=c1" };
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        // Writing into a String cannot fail.
        let _ = write!(text, "{name}: {}\r\n", header(name));
    }
    let _ = write!(
        text,
        "To: {to}{tag}\r\nContact: <sip:load@{CALLEE};transport=udp>\r\nContent-Length: 0\r\n\r\n"
    );
    text.into()
}
