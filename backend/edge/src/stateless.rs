//! Answers that leave nothing behind (RFC 3261 §8.2.7): to what cannot be read, to strangers, challenges, overload.

use bytes::Bytes;
use sip::Method;
use sip::transaction::{Peer, reply, reply_peer};
use sip::wire::{HeaderName, Message, reason_phrase};
use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

/// An answer to be sent.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) status: u16,
    /// Empty means the standard phrase.
    pub(crate) reason: Cow<'a, str>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl<'a> Refused<'a> {
    /// A bare status.
    pub(crate) const fn new(status: u16) -> Self {
        Self { status, reason: Cow::Borrowed(""), headers: Vec::new() }
    }

    pub(crate) fn because(mut self, reason: impl Into<Cow<'a, str>>) -> Self {
        self.reason = reason.into();
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Writes the answer, and says where it goes; `None` where it would find no way (no Via) or must not be (ACK).
pub(crate) fn answer(
    request: &Message,
    source: Peer,
    tags: &RandomState,
    refused: &Refused<'_>,
) -> Option<(Peer, Bytes)> {
    if !request.is_request() || request.method() == Method::Ack {
        return None;
    }
    request.header(HeaderName::Via)?;
    let reason = if refused.reason.is_empty() { reason_phrase(refused.status) } else { &refused.reason };
    let writer = reply(request, &source, refused.status, reason, &tag(request, tags));
    let writer =
        refused.headers.iter().fold(writer, |writer, (name, value)| writer.header(name, value.as_str()));
    // A Via that cannot be read leaves the address that the request came from.
    Some((reply_peer(request, &source).unwrap_or(source), writer.finish()))
}

/// A retransmission gets the same tag, without anything being kept of the first.
fn tag(request: &Message, tags: &RandomState) -> String {
    let branch = request.top_via().ok().and_then(|via| via.branch);
    let from = request.header(HeaderName::From);
    let hash = tags.hash_one((branch, from, request.call_id(), request.header(HeaderName::CSeq)));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;

    const REQUEST: &str = "OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa\r\n\
        Via: SIP/2.0/UDP far;branch=z9hG4bKb\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n\
        CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n";

    fn source() -> Peer {
        Peer::new(([127, 0, 0, 9], 40_000).into(), Transport::Udp)
    }

    fn parse(text: &str) -> Message {
        Message::parse(Bytes::copy_from_slice(text.as_bytes())).expect("sound")
    }

    #[test]
    fn without_rport_the_answer_goes_to_the_port_of_the_via_at_the_address_it_came_from() {
        let tags = RandomState::new();
        let (to, bytes) = answer(&parse(REQUEST), source(), &tags, &Refused::new(400)).expect("answerable");
        assert_eq!(to.addr, ([127, 0, 0, 9], 5070).into());
        let response = Message::parse(bytes).expect("sound");
        let vias: Vec<_> = response.values(HeaderName::Via).collect();
        assert_eq!(
            vias,
            [
                "SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;received=127.0.0.9",
                "SIP/2.0/UDP far;branch=z9hG4bKb"
            ]
        );
        assert_eq!((response.status(), response.cseq()), (Some(400), Some((1, Method::Options))));
    }

    #[test]
    fn with_rport_it_goes_to_the_source_and_a_retransmission_gets_the_same_tag() {
        let tags = RandomState::new();
        let request = parse(&REQUEST.replace("5070;", "5070;rport;"));
        let (to, first) = answer(&request, source(), &tags, &Refused::new(400)).expect("answerable");
        let (_, second) = answer(&request, source(), &tags, &Refused::new(400)).expect("answerable");
        assert_eq!(to.addr, source().addr);
        assert_eq!(first, second);
        let response = Message::parse(first).expect("sound");
        assert!(response.to().expect("sound").tag().is_some());
        assert_eq!(response.top_via().expect("sound").rport, Some(Some(40_000)));
    }

    #[test]
    fn an_ack_and_a_request_without_via_get_nothing() {
        let tags = RandomState::new();
        let ack = parse(&REQUEST.replace("OPTIONS", "ACK"));
        assert!(answer(&ack, source(), &tags, &Refused::new(400)).is_none());
        let lost = parse(&REQUEST.replace("Via:", "X-Via:"));
        assert!(answer(&lost, source(), &tags, &Refused::new(400)).is_none());
    }
}
