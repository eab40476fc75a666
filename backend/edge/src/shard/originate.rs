//! Requests of our own outside calls: from the app to the engine, and what came of them back.

use super::Shard;
use crate::seam::{Hop, Originated, Origination, Reply};
use sip::b2bua::{self, Failure, Input, OriginRef};
use sip::transaction::Peer;
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
        let Hop { address, transport } = request.hop;
        let engines = b2bua::Origination {
            call_id: request.call_id,
            cseq: request.cseq,
            contact_user: request.contact_user,
            headers: request.headers,
            credentials: request.credentials,
            ..b2bua::Origination::new(
                origin,
                Peer::new(address, transport),
                request.method,
                request.uri,
                request.from,
                request.to,
            )
        };
        self.feed(Input::Originate(Box::new(engines)));
    }

    /// A request of the app is over.
    pub(super) fn originated(&mut self, origin: OriginRef, cseq: u32, result: Result<Message, Failure>) {
        let Some(Waiting { sent_at, reply }) = self.origins.remove(&origin) else { return };
        reply.send(read(cseq, self.now.saturating_duration_since(sent_at), &result));
    }
}

fn read(cseq: u32, took: Duration, result: &Result<Message, Failure>) -> Originated {
    let (status, is_answered, reason) = match result {
        Ok(response) => (response.status().unwrap_or(500), true, response.reason().to_owned()),
        Err(failure) => (failure.status(), false, String::new()),
    };
    let fields = result.iter().flat_map(Message::fields).take(Originated::HEADERS_MAX);
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = fields.map(|(name, value)| (name.to_owned(), text(value))).collect();
    Originated { status, is_answered, reason, headers, cseq, took }
}
