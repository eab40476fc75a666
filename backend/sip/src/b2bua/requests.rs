//! Requests outside any dialog: handed to the driver, answered by its word, or made into a call.

use std::time::Instant;

use crate::transaction::{Peer, reply};
use crate::wire::{HeaderName, Message, Method, ParseError, reason_phrase};

use super::call::Call;
use super::config::{DRIVER_PATIENCE, REQUESTS_MAX};
use super::engine::Engine;
use super::io::{Alarm, Asked, Io, Owner, Wake};
use super::{End, Output, Refusal, Reply, RequestRef, policy};

/// A request that waits for the driver.
#[derive(Debug)]
pub(super) struct Pending {
    asked: Asked,
    /// The caller has cancelled it, and has had its 487.
    is_cancelled: bool,
}

impl Engine {
    /// A new request without a To tag, or a REGISTER.
    pub(super) fn on_request(&mut self, now: Instant, asked: Asked) {
        let is_invite = asked.message.method() == Method::Invite;
        let is_full = is_invite && self.calls.len() >= self.io.config.calls_max;
        if is_full || self.requests.len() >= REQUESTS_MAX {
            return self.answer(now, &asked, 503);
        }
        if is_invite {
            if !matches!(asked.message.contact(), Ok(Some(_))) {
                let tag = self.io.ids.loose_tag();
                return self.refuse_as(now, &asked, 400, "Contact Is Missing", &tag);
            }
            if let Some(tags) = policy::unsupported(&asked.message) {
                let tag = self.io.ids.loose_tag();
                let writer = self.io.reply(&asked, 420, "", &tag).header(HeaderName::Unsupported, tags);
                return self.io.send_reply(now, &asked, 420, writer);
            }
            self.io.answer(now, &asked, 100, "");
        }
        let (from, message) = (asked.from, asked.message.clone());
        let transaction = asked.transaction;
        let request = self.requests.insert(Pending { asked, is_cancelled: false });
        self.io.layer.attach(transaction, Owner::Request(request));
        self.io.timers.set(now + DRIVER_PATIENCE, Wake::Request(request));
        self.io.outputs.push_back(Output::Request { request, from, message });
    }

    fn refuse_as(&mut self, now: Instant, asked: &Asked, status: u16, reason: &str, tag: &str) {
        let writer = self.io.reply(asked, status, reason, tag);
        self.io.send_reply(now, asked, status, writer);
    }

    /// The driver answers a request for good.
    pub(super) fn on_answer(&mut self, now: Instant, request: RequestRef, answer: &Reply) {
        let Some(pending) = self.requests.remove(request) else { return };
        if pending.is_cancelled {
            return;
        }
        let tag = self.io.ids.loose_tag();
        if !(200..=699).contains(&answer.status) {
            return self.io.answer(now, &pending.asked, 500, &tag);
        }
        let mut writer = self.io.reply(&pending.asked, answer.status, &answer.reason, &tag);
        for (name, value) in &answer.headers {
            writer = writer.header(name, value);
        }
        if !answer.body.is_empty() {
            writer = writer.body(Some(&answer.content_type), &answer.body);
        }
        self.io.send_reply(now, &pending.asked, answer.status, writer);
    }

    /// The driver makes a call of an INVITE. One that was cancelled meanwhile ends at once. Nothing else can become
    /// a call.
    pub(super) fn on_accept(&mut self, now: Instant, request: RequestRef) {
        let Some(pending) = self.requests.remove(request) else { return };
        if pending.asked.message.method() != Method::Invite {
            return self.io.answer(now, &pending.asked, 500, "no-call");
        }
        if !pending.is_cancelled && self.on_replacing(now, &pending.asked) {
            return;
        }
        let key = self.calls.next_key();
        let transaction = pending.asked.transaction;
        let call = Call::new(&mut self.io, now, key, pending.asked);
        self.calls.insert(call);
        self.io.live += 1;
        self.io.outputs.push_back(Output::Accepted { request, call: key });
        self.with(key, |call, io| {
            if pending.is_cancelled {
                call.caller = None;
                return call.finish(io, now, End::Cancelled);
            }
            io.layer.attach(transaction, Owner::Caller(key));
            call.wait_for_driver(io, now);
        });
    }

    /// A CANCEL for a request that is no call yet.
    pub(super) fn on_request_cancelled(&mut self, now: Instant, request: RequestRef) {
        let tag = self.io.ids.loose_tag();
        let Some(pending) = self.requests.get_mut(request) else { return };
        if pending.asked.message.method() == Method::Invite && !pending.is_cancelled {
            pending.is_cancelled = true;
            self.io.answer(now, &pending.asked, 487, &tag);
        }
    }

    /// The driver has said nothing for too long.
    pub(super) fn on_patience(&mut self, now: Instant, request: RequestRef) {
        let Some(pending) = self.requests.remove(request) else { return };
        let tag = self.io.ids.loose_tag();
        if !pending.is_cancelled {
            self.io.answer(now, &pending.asked, 503, &tag);
        }
    }

    /// A message that parsed but makes no sense: 400 and the reason, or silence where no answer is owed.
    pub(super) fn on_malformed(&mut self, from: Peer, message: &Message, fault: ParseError) {
        let Some(status) = message.answer_to(fault) else { return };
        let Some(peer) = crate::transaction::reply_peer(message, &from) else { return };
        let tag = self.io.ids.loose_tag();
        let phrase = format!("{} - {fault}", reason_phrase(status));
        let writer = self.io.sign(reply(message, &from, status, &phrase, &tag), HeaderName::Server);
        self.io.outputs.push_back(Output::Transmit { peer, bytes: writer.finish() });
    }
}

impl Call {
    /// Gives the driver its time to decide.
    pub(super) fn wait_for_driver(&mut self, io: &mut Io, now: Instant) {
        self.set(io, Alarm::Patience, now + DRIVER_PATIENCE);
    }

    /// The driver has not decided.
    pub(super) fn on_patience(&mut self, io: &mut Io, now: Instant) {
        self.end_by_us(io, now, Refusal::new(503, 41, "platform-unavailable"));
    }
}
