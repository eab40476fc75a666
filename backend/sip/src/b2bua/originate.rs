//! Requests of our own outside any call: OPTIONS that asks whether a peer is there, REGISTER at a carrier.

use std::time::Instant;

use bytes::Bytes;

use crate::transaction::{Failure, Outgoing, Peer};
use crate::wire::{HeaderName, Message, Method, Writer};

use super::credentials::Challenged;
use super::engine::Engine;
use super::io::Owner;
use super::setup::MAX_FORWARDS;
use super::{Credentials, OriginRef, Output};

/// The most requests of ours outside calls that wait for a final response at once; of more each fails at once.
pub const ORIGINS_MAX: usize = 10_000;

/// A request to be sent outside any call.
#[derive(Debug, Clone)]
pub struct Origination {
    /// The driver's number for it.
    pub origin: OriginRef,
    /// Where it goes.
    pub peer: Peer,
    /// OPTIONS, REGISTER or another method that makes no call; INVITE, ACK, BYE and CANCEL fail at once.
    pub method: Method,
    /// Its Request-URI.
    pub uri: String,
    /// From: a full name-addr without a tag.
    pub from: String,
    /// To: a full name-addr without a tag.
    pub to: String,
    /// Its Call-ID; the registrations of one binding share theirs (RFC 3261 §10.2). `None` makes one.
    pub call_id: Option<String>,
    /// The number in its CSeq, from 1; an answered challenge takes the next.
    pub cseq: u32,
    /// The user part of a Contact of ours, where the request has one.
    pub contact_user: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Content-Type of the body; unused when the body is empty.
    pub content_type: String,
    /// The body, often empty.
    pub body: Bytes,
    /// Whom we are where the peer asks; a challenge is answered once.
    pub credentials: Option<Credentials>,
}

impl Origination {
    /// A request without Contact, further headers, body or credentials.
    #[must_use]
    pub fn new(
        origin: OriginRef,
        peer: Peer,
        method: Method,
        uri: impl Into<String>,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Self {
            origin,
            peer,
            method,
            uri: uri.into(),
            from: from.into(),
            to: to.into(),
            call_id: None,
            cseq: 1,
            contact_user: None,
            headers: Vec::new(),
            content_type: String::new(),
            body: Bytes::new(),
            credentials: None,
        }
    }
}

/// A request of ours that waits for its final response.
#[derive(Debug)]
pub(super) struct Origin {
    request: Origination,
    tag: Box<str>,
    call_id: Box<str>,
    is_authorized: bool,
}

impl Engine {
    /// Sends a request of our own.
    pub(super) fn on_originate(&mut self, now: Instant, request: Origination) {
        let makes_call =
            matches!(request.method, Method::Invite | Method::Ack | Method::Bye | Method::Cancel);
        if makes_call || self.origins.len() >= ORIGINS_MAX {
            let (origin, cseq) = (request.origin, request.cseq);
            return self.io.outputs.push_back(Output::Originated {
                origin,
                cseq,
                result: Err(Failure::Transport),
            });
        }
        let tag = self.io.ids.loose_tag().into();
        let call_id = request.call_id.clone().unwrap_or_else(|| self.io.ids.call_id()).into();
        let key = self.origins.insert(Origin { request, tag, call_id, is_authorized: false });
        self.send_origin(now, key, None);
    }

    fn send_origin(&mut self, now: Instant, key: u64, authorization: Option<&(HeaderName, String)>) {
        let branch = self.io.ids.branch();
        let Some(origin) = self.origins.get(key) else { return };
        let Origin { request, tag, call_id, .. } = origin;
        let transport = request.peer.transport;
        let mut writer = Writer::request(&request.method, &request.uri)
            .header_of(HeaderName::Via, |value| self.io.hop(transport, &branch).write(value))
            .header_fmt(HeaderName::MaxForwards, MAX_FORWARDS)
            .header_fmt(HeaderName::From, format_args!("{};tag={tag}", request.from))
            .header(HeaderName::To, &request.to)
            .header(HeaderName::CallId, call_id.as_bytes())
            .header_fmt(HeaderName::CSeq, format_args!("{} {}", request.cseq, request.method));
        if let Some(user) = &request.contact_user {
            writer =
                writer.header_of(HeaderName::Contact, |value| self.io.contact(transport, user).write(value));
        }
        writer = self.io.sign(writer, HeaderName::UserAgent);
        for (name, value) in &request.headers {
            writer = writer.header(name, value);
        }
        if let Some((name, value)) = authorization {
            writer = writer.header(*name, value);
        }
        let bytes = if request.body.is_empty() {
            writer.finish()
        } else {
            writer.body(Some(&request.content_type), &request.body).finish()
        };
        let outgoing = Outgoing { peer: request.peer, method: &request.method, branch: &branch, bytes };
        if self.io.layer.request(now, outgoing, Owner::Origin(key)).is_err() {
            self.on_originated(key, Err(Failure::Transport));
        }
    }

    /// A response to a request of ours. The first challenge is answered, if it is ours to answer.
    pub(super) fn on_origin_response(&mut self, now: Instant, key: u64, from: Peer, response: &Message) {
        if response.status().is_none_or(|status| status < 200) {
            return;
        }
        let cnonce = self.io.ids.loose_tag();
        let Some(origin) = self.origins.get_mut(key) else { return };
        let request = &origin.request;
        let asked = Challenged {
            peer: request.peer,
            method: &request.method,
            uri: &request.uri,
            body: &request.body,
        };
        let credentials = request.credentials.as_ref().filter(|_| !origin.is_authorized);
        let header = credentials.and_then(|own| own.answer(asked, from, response, &cnonce));
        if header.is_some() {
            origin.is_authorized = true;
            origin.request.cseq = origin.request.cseq.saturating_add(1);
            return self.send_origin(now, key, header.as_ref());
        }
        self.on_originated(key, Ok(response.clone()));
    }

    /// A request of ours is over.
    pub(super) fn on_originated(&mut self, key: u64, result: Result<Message, Failure>) {
        let Some(Origin { request, .. }) = self.origins.remove(key) else { return };
        let Origination { origin, cseq, .. } = request;
        self.io.outputs.push_back(Output::Originated { origin, cseq, result });
    }
}
