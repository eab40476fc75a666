//! A trace as it is shown: every entry in order, as much of it as the reader may see.

use super::{
    redact::without_addresses,
    sight::{Party, Seen, Sight, Sights},
};
use crate::calls::{CallState, record::utc};
use chrono::{DateTime, Utc};
use domain::ids::CallId;
use edge::seam::{Hop, SdpKind, Side, Trace, TraceEntry, TraceEvent, TraceLeg};
use serde::Serialize;
use sip::{
    model::show,
    wire::{HeaderName, Message},
};
use std::{collections::HashSet, time::SystemTime};

/// A call's messages and media events, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceView {
    /// The call.
    pub call_id: CallId,
    /// Whether it is up.
    pub state: CallState,
    /// Those who took part: the caller, the edge, and each place that was tried.
    pub parties: Vec<PartyView>,
    /// What happened.
    pub entries: Vec<EntryView>,
    /// Entries of the middle that were not kept.
    pub dropped: u32,
    /// Why there is no trace, or what to know of this one.
    pub note: Option<String>,
}

/// One who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartyView {
    /// `caller`, `edge`, `callee-1`, `callee-2`, …
    pub id: String,
    /// `user`, `trunk`, `carrier`, `onNet` for another tenant, or `edge`.
    pub kind: &'static str,
    /// Username, FQDN, the carrier's name.
    pub name: String,
    /// Address and port; a name that stands for it where it is not shown.
    pub address: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// When.
    pub at: DateTime<Utc>,
    /// Microseconds since the first entry.
    pub offset_us: u64,
    /// `message`, `milestone` or `media`.
    pub kind: &'static str,
    /// The party that it is about; of a message the far end.
    pub party: Option<String>,
    /// One line.
    pub summary: String,
    /// A word for what happened, where it is no message.
    pub event: Option<&'static str>,
    /// The message, where it is one.
    pub message: Option<MessageView>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Whether it came to the edge; else it was sent.
    pub received: bool,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transport: String,
    /// The method; of a response that of its request.
    pub method: String,
    /// The status of a response.
    pub status: Option<u16>,
    /// The same message was there before.
    pub retransmission: bool,
    /// Hosts were taken out, or all but the first word.
    pub redacted: bool,
    /// Names and values; names in full.
    pub headers: Vec<HeaderView>,
    /// The body, where there is one.
    pub body: String,
    /// The text as it was on the wire, without secrets.
    pub text: String,
}

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderView {
    /// Its name in full.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What stands for the trace of a call that has none.
pub(super) fn nothing(call: CallId, state: CallState, note: &str) -> TraceView {
    let (parties, entries) = (Vec::new(), Vec::new());
    TraceView { call_id: call, state, parties, entries, dropped: 0, note: Some(note.to_owned()) }
}

/// Shows a trace.
pub(super) fn view(call: CallId, state: CallState, trace: &Trace, sights: &Sights<'_>) -> TraceView {
    let mut painter =
        Painter { trace, sights, parties: parties(trace, sights), seen: HashSet::new(), held: [false; 2] };
    let mut ordered: Vec<&TraceEntry> = trace.entries().collect();
    // What was noted late (a first packet) goes where it belongs; what came in one turn stays as it came.
    ordered.sort_by_key(|entry| entry.at);
    let entries = ordered.into_iter().flat_map(|entry| painter.entries(entry)).collect();
    let note = (trace.dropped > 0).then(|| {
        format!(
            "{} entries of the middle were not kept: a call keeps its first and last ones.",
            trace.dropped
        )
    });
    let parties = painter.parties.into_iter().map(|(_, party)| party).collect();
    TraceView { call_id: call, state, parties, entries, dropped: trace.dropped, note }
}

fn party_id(leg: TraceLeg) -> String {
    match leg {
        TraceLeg::Caller => "caller".to_owned(),
        TraceLeg::Callee { place, .. } => format!("callee-{}", u16::from(place) + 1),
    }
}

/// The caller, the edge, and each place that was tried, in the order of trying.
fn parties(trace: &Trace, sights: &Sights<'_>) -> Vec<(Option<TraceLeg>, PartyView)> {
    let mut legs: Vec<(TraceLeg, Hop)> = Vec::new();
    for entry in trace.entries() {
        if let TraceEvent::Message { leg, peer, .. } = &entry.event
            && !legs.iter().any(|(known, _)| known == leg)
        {
            legs.push((*leg, *peer));
        }
    }
    legs.sort_by_key(|(leg, _)| match leg {
        TraceLeg::Caller => 0,
        TraceLeg::Callee { place, .. } => u16::from(*place) + 1,
    });
    let shown = |(leg, peer): (TraceLeg, Hop)| {
        let Party { sight, kind, name } = sights.party(leg);
        (Some(leg), PartyView { id: party_id(leg), kind, name, address: sights.peer(sight, peer) })
    };
    let mut all: Vec<_> = legs.into_iter().map(shown).collect();
    let edge = PartyView {
        id: "edge".to_owned(),
        kind: "edge",
        name: "Dialtone".to_owned(),
        address: trace.local.to_string(),
    };
    let place = all.iter().position(|(leg, _)| *leg != Some(TraceLeg::Caller)).unwrap_or(all.len());
    all.insert(place, (None, edge));
    all
}

struct Painter<'a> {
    trace: &'a Trace,
    sights: &'a Sights<'a>,
    parties: Vec<(Option<TraceLeg>, PartyView)>,
    /// Messages that were there already.
    seen: HashSet<(TraceLeg, bool, &'a [u8])>,
    /// Who has put the other on hold.
    held: [bool; 2],
}

impl<'a> Painter<'a> {
    fn entries(&mut self, entry: &'a TraceEntry) -> Vec<EntryView> {
        match &entry.event {
            TraceEvent::Message { leg, is_received, peer, bytes } => {
                let first = self.message(entry.at, *leg, *is_received, *peer, bytes);
                let hold = is_received.then(|| self.hold(entry.at, *leg, bytes)).flatten();
                std::iter::once(first).chain(hold).collect()
            }
            event => vec![self.event(entry.at, event)],
        }
    }

    fn entry(&self, at: SystemTime, kind: &'static str, summary: String) -> EntryView {
        let (at, started_at) = (utc(at), utc(self.trace.started_at));
        let since = (at - started_at).num_microseconds().unwrap_or(i64::MAX);
        EntryView {
            at,
            offset_us: since.max(0).unsigned_abs(),
            kind,
            party: None,
            summary,
            event: None,
            message: None,
        }
    }

    fn message(
        &mut self,
        at: SystemTime,
        leg: TraceLeg,
        received: bool,
        peer: Hop,
        bytes: &'a bytes::Bytes,
    ) -> EntryView {
        let sight = self.sights.party(leg).sight;
        let retransmission = !self.seen.insert((leg, received, bytes));
        let seen = match self.sights.message(sight, bytes) {
            Seen::Bytes(shown) => Message::parse(shown.into()).ok(),
            Seen::Outline => None,
        };
        let transport = peer.transport.as_str().to_ascii_lowercase();
        let mut view = MessageView {
            received,
            transport,
            method: String::new(),
            status: None,
            retransmission,
            redacted: sight != Sight::Whole,
            headers: Vec::new(),
            body: String::new(),
            text: String::new(),
        };
        let summary = match seen {
            Some(message) => {
                let shown = show(&message);
                view.text = String::from_utf8_lossy(message.bytes()).into_owned();
                (view.method, view.status, view.body) = (shown.method, shown.status, shown.body);
                view.headers =
                    shown.headers.into_iter().map(|(name, value)| HeaderView { name, value }).collect();
                match view.status {
                    Some(status) => format!("{status} {} ({})", message.reason(), view.method),
                    None => format!("{} {}", view.method, message.request_uri().unwrap_or_default()),
                }
            }
            None => {
                if let Ok(message) = Message::parse(bytes.clone()) {
                    (view.method, view.status) = (message.method().as_str().to_owned(), message.status());
                }
                match view.status {
                    Some(status) => format!("{status} ({})", view.method),
                    None => view.method.clone(),
                }
            }
        };
        let party = Some(party_id(leg));
        EntryView { party, message: Some(view), ..self.entry(at, "message", summary) }
    }

    /// A re-INVITE or UPDATE that changes whether its sender listens (RFC 3264 §8.4).
    fn hold(&mut self, at: SystemTime, leg: TraceLeg, bytes: &bytes::Bytes) -> Option<EntryView> {
        let message = Message::parse(bytes.clone()).ok()?;
        let in_dialog = message.is_request() && message.to().is_ok_and(|to| to.tag().is_some());
        let is_sdp = message.header(HeaderName::ContentType).is_some_and(|value| value.contains("sdp"));
        if !in_dialog || !is_sdp || self.sights.party(leg).sight == Sight::Outline {
            return None;
        }
        let body = message.body();
        let has =
            |line: &str| body.split(|byte| *byte == b'\n').any(|own| own.trim_ascii() == line.as_bytes());
        let holds = has("a=sendonly") || has("a=inactive");
        let held = &mut self.held[usize::from(leg != TraceLeg::Caller)];
        if std::mem::replace(held, holds) == holds {
            return None;
        }
        let (event, text) = match holds {
            true => ("hold", "puts the call on hold"),
            false => ("resume", "takes the call off hold"),
        };
        let who = if leg == TraceLeg::Caller { "The caller" } else { "The callee" };
        let entry = self.entry(at, "media", format!("{who} {text}."));
        Some(EntryView { party: Some(party_id(leg)), event: Some(event), ..entry })
    }

    fn event(&self, at: SystemTime, event: &TraceEvent) -> EntryView {
        let who = |side: &Side| if *side == Side::A { "caller" } else { "callee" };
        let (kind, word, text) = match event {
            TraceEvent::Decided { connects: true } => {
                ("milestone", "decided", "Decided: the call is connected.".to_owned())
            }
            TraceEvent::Decided { connects: false } => {
                ("milestone", "decided", "Decided: the call is refused.".to_owned())
            }
            TraceEvent::Ringing => ("milestone", "ringing", "The callee rings.".to_owned()),
            TraceEvent::EarlyMedia => {
                ("milestone", "early-media", "Media flows before the answer.".to_owned())
            }
            TraceEvent::Answered { .. } => ("milestone", "answered", "The call is answered.".to_owned()),
            TraceEvent::Ended { cause: Some(cause) } => {
                ("milestone", "ended", format!("The call is over: {cause}."))
            }
            TraceEvent::Ended { cause: None } => ("milestone", "ended", "The call is over.".to_owned()),
            TraceEvent::LargeOverUdp { bytes } => (
                "milestone",
                "large-over-udp",
                format!(
                    "A request of {bytes} bytes went over UDP: whoever it goes to takes no TCP, and a path with small packets may drop it."
                ),
            ),
            TraceEvent::MediaOpened => ("media", "ports-opened", "Ports for media were taken.".to_owned()),
            TraceEvent::Described { from, kind } => {
                let what = if *kind == SdpKind::Offer { "offer" } else { "answer" };
                (
                    "media",
                    "described",
                    format!("The {}'s {what} was rewritten for the other side.", who(from)),
                )
            }
            TraceEvent::MediaFailed { why } => {
                ("media", "failed", format!("Media could not be set up: {why}."))
            }
            TraceEvent::Played { to, seconds } => {
                let text = format!("An announcement was played to the {} for {seconds} s.", who(to));
                ("media", "announced", text)
            }
            TraceEvent::FirstPacket { from } => {
                ("media", "first-packet", format!("The first packet of the {} was relayed.", who(from)))
            }
            TraceEvent::Heard { from, verdict, explanation, packets } => {
                let explanation = self.explanation(*from, explanation);
                let verdict = verdict.replace('-', " ");
                (
                    "media",
                    "heard",
                    format!("From the {}: {verdict}, {packets} packets. {explanation}", who(from)),
                )
            }
            // Shown where messages are.
            TraceEvent::Message { .. } => ("message", "", String::new()),
        };
        EntryView { event: Some(word), ..self.entry(at, kind, text) }
    }

    /// The sentence about a side's media, without the addresses of a side that the reader does not see whole.
    fn explanation(&self, side: Side, text: &str) -> String {
        let leg = self
            .parties
            .iter()
            .rev()
            .filter_map(|(leg, _)| *leg)
            .find(|leg| (*leg == TraceLeg::Caller) == (side == Side::A));
        match leg.map(|leg| self.sights.party(leg).sight) {
            Some(Sight::Whole) => text.to_owned(),
            _ => without_addresses(text),
        }
    }
}
