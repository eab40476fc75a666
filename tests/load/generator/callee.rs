//! The callee: rings at once, answers after a while, and lets the caller hang up.

use super::{Load, T1};
use crate::link::{Link, Via};
use bytes::Bytes;
use sip::{
    Method,
    wire::{HeaderName, Message},
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fmt::Write as _,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How often a 200 is sent again.
const TRIES: u32 = 7;

struct Ringing {
    via: Via,
    ok: String,
    is_answered: bool,
    tries: u32,
}

pub(super) struct Callee {
    load: Load,
    link: Link,
    ringing: HashMap<String, Ringing>,
    timers: BinaryHeap<Reverse<(Instant, String)>>,
    tags: u64,
    pub(super) retransmissions: u64,
}

impl Callee {
    pub(super) fn new(load: &Load) -> io::Result<Self> {
        Ok(Self {
            link: Link::listen(load.wire, load.callee, load.keys.as_ref())?,
            load: load.clone(),
            ringing: HashMap::new(),
            timers: BinaryHeap::new(),
            tags: 0,
            retransmissions: 0,
        })
    }

    pub(super) fn turn(&mut self, now: Instant) -> bool {
        let mut heard = Vec::new();
        self.link.receive(|via, bytes| heard.push((via, bytes)));
        let has_heard = !heard.is_empty();
        for (via, bytes) in heard {
            self.hear(via, bytes, now);
        }
        while self.timers.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            if let Some(Reverse((_, call))) = self.timers.pop() {
                self.due(call, now);
            }
        }
        self.link.flush();
        has_heard
    }

    fn hear(&mut self, via: Via, bytes: Bytes, now: Instant) {
        let Ok(message) = Message::parse(bytes) else { return };
        if !message.is_request() {
            return;
        }
        let call = message.call_id().unwrap_or_default();
        match message.method() {
            Method::Invite => self.invited(via, &message, call.to_owned(), now),
            // What was acknowledged is not sent again.
            Method::Ack => drop(self.ringing.remove(call)),
            _ => self.link.send(via, answer(&message, "200 OK", None, "", "").as_bytes()),
        }
    }

    fn invited(&mut self, via: Via, message: &Message, call: String, now: Instant) {
        if self.ringing.contains_key(&call) {
            self.retransmissions += 1;
            return;
        }
        self.tags += 1;
        let tag = format!("c{}", self.tags);
        let transport = self.load.wire.name().to_ascii_lowercase();
        let contact = format!("Contact: <sip:load@{};transport={transport}>\r\n", self.load.callee);
        let mut sdp = String::new();
        body(&mut sdp, self.load.callee, self.load.has_media);
        self.link.send(via, answer(message, "180 Ringing", Some(&tag), &contact, "").as_bytes());
        let ok = answer(message, "200 OK", Some(&tag), &contact, &sdp);
        self.timers.push(Reverse((now + self.load.ring, call.clone())));
        self.ringing.insert(call, Ringing { via, ok, is_answered: false, tries: 0 });
    }

    /// It is time to answer, or to answer again.
    fn due(&mut self, call: String, now: Instant) {
        let Some(ringing) = self.ringing.get_mut(&call) else { return };
        self.retransmissions += u64::from(ringing.is_answered);
        ringing.is_answered = true;
        self.link.send(ringing.via, ringing.ok.as_bytes());
        if self.load.wire.is_lossy() && ringing.tries < TRIES {
            let pause = (T1 * 2_u32.pow(ringing.tries)).min(Duration::from_secs(4));
            ringing.tries += 1;
            self.timers.push(Reverse((now + pause, call)));
        }
    }
}

/// An answer to a request; `tail` is its body with what describes it.
pub(super) fn answer(
    message: &Message,
    status: &str,
    tag: Option<&str>,
    contact: &str,
    tail: &str,
) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for (name, label) in [(HeaderName::Via, "Via"), (HeaderName::RecordRoute, "Record-Route")] {
        for line in message.header_lines(name) {
            let _ = write!(text, "{label}: {line}\r\n");
        }
    }
    let line = |name| message.header(name).unwrap_or_default();
    let _ = write!(text, "From: {}\r\nTo: {}", line(HeaderName::From), line(HeaderName::To));
    if let Some(tag) = tag {
        let _ = write!(text, ";tag={tag}");
    }
    let _ = write!(
        text,
        "\r\nCall-ID: {}\r\nCSeq: {}\r\n{contact}",
        line(HeaderName::CallId),
        line(HeaderName::CSeq)
    );
    text.push_str(if tail.is_empty() { "Content-Length: 0\r\n\r\n" } else { tail });
    text
}

/// The end of a message: an offer or answer of G.711, or nothing.
pub(super) fn body(text: &mut String, local: SocketAddr, has_media: bool) {
    if !has_media {
        return text.push_str("Content-Length: 0\r\n\r\n");
    }
    let ip = local.ip();
    let sdp = format!(
        "v=0\r\no=load 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    );
    let _ = write!(text, "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len());
}
