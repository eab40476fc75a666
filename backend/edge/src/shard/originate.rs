//! Requests of our own outside calls: from the app to the engine, and what came of them back.

use super::Shard;
use crate::seam::{Originated, Origination, Reply};
use sip::b2bua::{self, Failure, Input, OriginRef};
use sip::uri::Uri;
use sip::wire::Message;
use std::time::{Duration, Instant};

/// A request that waits for its result.
pub(super) struct Waiting {
    sent_at: Instant,
    reply: Reply<Originated>,
}

impl Shard {
    /// Sends a request of the app.
    pub(super) fn originate(&mut self, request: Origination, reply: Reply<Originated>) {
        self.origin_serial += 1;
        let origin = self.origin_serial;
        self.origins.insert(origin, Waiting { sent_at: self.now, reply });
        // Over TLS, the host of the Request-URI is whose certificate it must be (RFC 5922 §7.3).
        let named = Uri::parse(&request.uri).map(|uri| uri.host.to_owned()).unwrap_or_default();
        let peer = self.context.peer(request.hop, &named);
        let engines = b2bua::Origination {
            call_id: request.call_id,
            cseq: request.cseq,
            contact_user: request.contact_user,
            headers: request.headers,
            credentials: request.credentials,
            ..b2bua::Origination::new(origin, peer, request.method, request.uri, request.from, request.to)
        };
        self.feed(Input::Originate(Box::new(engines)));
    }

    /// A request of the app is over.
    pub(super) fn originated(&mut self, origin: OriginRef, cseq: u32, result: Result<Message, Failure>) {
        let Some(Waiting { sent_at, reply }) = self.origins.remove(&origin) else { return };
        let fault = self.fault.as_deref().unwrap_or_default();
        reply.send(read(cseq, self.now.saturating_duration_since(sent_at), &result, fault));
    }
}

fn read(cseq: u32, took: Duration, result: &Result<Message, Failure>, fault: &str) -> Originated {
    let (status, is_answered, reason) = match result {
        Ok(response) => (response.status().unwrap_or(500), true, response.reason().to_owned()),
        Err(failure) => (failure.status(), false, fault.to_owned()),
    };
    let fields = result.iter().flat_map(Message::fields).take(Originated::HEADERS_MAX);
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = fields.map(|(name, value)| (name.to_owned(), text(value))).collect();
    Originated { status, is_answered, reason, headers, cseq, took }
}
