//! Requests that arrive.

use std::time::Instant;

use super::{
    Agent, CallId, EndedBy, Event, Purpose, Timer,
    call::{Call, Stage, Theirs},
    dialog::Dialog,
    reason_of, sdp_of,
};
use crate::{
    transaction::{Peer, TransactionId},
    wire::{HeaderName, Message, Method},
};

/// A request that must be answered.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) transaction: TransactionId,
    pub(super) from: Peer,
    pub(super) message: Message,
}

impl Theirs {
    pub(super) fn received(&self) -> Received {
        Received { transaction: self.transaction, from: self.from, message: self.message.clone() }
    }

    fn new(request: Received) -> Self {
        let Received { transaction, from, message } = request;
        Self { transaction, from, message, unconfirmed: None }
    }
}

impl Agent {
    pub(super) fn on_request(&mut self, now: Instant, request: Received) {
        let in_dialog = request.message.to().is_ok_and(|to| to.tag().is_some());
        match self.call_of(&request.message) {
            Some(id) => self.on_dialog_request(now, id, request),
            None if in_dialog => self.reply(now, &request, 481),
            None => self.on_first_request(now, request),
        }
    }

    /// RFC 3261 §8.2.
    fn on_first_request(&mut self, now: Instant, request: Received) {
        match request.message.method() {
            Method::Invite => self.on_invite(now, request),
            Method::Options => self.reply(now, &request, 200),
            Method::Bye | Method::Update | Method::Prack | Method::Info => self.reply(now, &request, 481),
            Method::Other(_) => self.reply(now, &request, 501),
            _ => self.reply(now, &request, 405),
        }
    }

    fn on_invite(&mut self, now: Instant, request: Received) {
        if let Some(options) = request.message.header(HeaderName::Require).map(str::to_owned) {
            let tag = self.fresh_tag_of(&request.message);
            let writer = self.response(&request, 420, &tag).header(HeaderName::Unsupported, &options);
            return self.layer.respond(now, request.transaction, 420, writer.finish());
        }
        if self.calls.len() >= self.config.calls_max {
            let tag = self.fresh_tag_of(&request.message);
            let writer = self
                .response(&request, 503, &tag)
                .header("Retry-After", "5")
                .header("Reason", "Q.850;cause=42;text=\"call-limit\"");
            return self.layer.respond(now, request.transaction, 503, writer.finish());
        }
        let (tag, contact) = (self.tag(), self.contact(&self.config.user));
        let (peer, message) = (request.from.addr, request.message.clone());
        let Some(dialog) = Dialog::of_invite(&message, peer, tag, contact) else {
            return self.reply(now, &request, 400);
        };
        let transaction = request.transaction;
        let mut call = Call::new(Stage::Deciding, dialog, None);
        call.theirs = Some(Theirs::new(request));
        let call = self.insert(call);
        self.layer.attach(transaction, Purpose::Invite(call));
        let sdp = sdp_of(&message);
        self.event(Event::Incoming { call, peer, message: Box::new(message), sdp });
    }

    /// RFC 3261 §9.2.
    pub(super) fn on_cancel(&mut self, now: Instant, cancel: &Received, target: Option<Purpose>) {
        let Some(Purpose::Invite(id)) = target else { return self.reply(now, cancel, 481) };
        match self.calls.get(&id).map(|call| call.stage) {
            Some(Stage::Ignoring) => {}
            Some(Stage::Deciding) => {
                self.reply(now, cancel, 200);
                let Some(call) = self.remove(id) else { return };
                if let Some(theirs) = call.theirs {
                    let writer = self.response(&theirs.received(), 487, &call.dialog.local_tag);
                    self.layer.respond(now, theirs.transaction, 487, writer.finish());
                }
                self.event(Event::Cancelled { call: id });
            }
            // Answered already: the CANCEL has no effect, and the caller will say BYE.
            Some(_) | None => self.reply(now, cancel, 200),
        }
    }

    fn on_dialog_request(&mut self, now: Instant, id: CallId, request: Received) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let number = request.message.cseq().map(|(number, _)| number);
        if number < call.dialog.remote_cseq {
            return self.reply(now, &request, 500);
        }
        call.dialog.remote_cseq = number;
        match request.message.method() {
            Method::Bye => self.on_bye(now, id, &request),
            Method::Invite => self.on_reinvite(now, id, request),
            Method::Update if sdp_of(&request.message).is_some() => self.on_reinvite(now, id, request),
            Method::Update | Method::Options | Method::Info => self.reply(now, &request, 200),
            Method::Other(_) => self.reply(now, &request, 501),
            _ => self.reply(now, &request, 405),
        }
    }

    fn on_bye(&mut self, now: Instant, id: CallId, request: &Received) {
        self.reply(now, request, 200);
        let Some(call) = self.remove(id) else { return };
        if let Some(theirs) = call.theirs.filter(|theirs| theirs.unconfirmed.is_none()) {
            self.reply(now, &theirs.received(), 487);
        }
        if call.stage == Stage::Deciding {
            // BYE of an early dialog is an odd CANCEL (RFC 3261 §15).
            return self.event(Event::Cancelled { call: id });
        }
        self.event(Event::Ended { call: id, by: EndedBy::Them, reason: reason_of(&request.message) });
    }

    /// RFC 3261 §14.2; UPDATE in its manner, RFC 3311 §5.2.
    fn on_reinvite(&mut self, now: Instant, id: CallId, request: Received) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.theirs.is_some() || call.stage != Stage::Up {
            let tag = self.fresh_tag_of(&request.message);
            let writer = self.response(&request, 500, &tag).header("Retry-After", "2");
            return self.layer.respond(now, request.transaction, 500, writer.finish());
        }
        if call.is_renegotiating() {
            return self.reply(now, &request, 491);
        }
        call.dialog.refresh(&request.message);
        let sdp = sdp_of(&request.message);
        call.theirs = Some(Theirs::new(request));
        self.event(Event::Reoffer { call: id, sdp });
    }

    /// RFC 3261 §13.3.1.4.
    pub(super) fn on_ack(&mut self, now: Instant, message: &Message) {
        let Some(id) = self.call_of(message) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let number = message.cseq().map(|(number, _)| number);
        let answered = call.theirs.as_ref().filter(|theirs| theirs.unconfirmed.is_some());
        if answered.and_then(|theirs| theirs.message.cseq()).map(|(number, _)| number) != number
            || answered.is_none()
        {
            return;
        }
        call.theirs = None;
        let leaving = call.leaving;
        self.event(Event::Confirmed { call: id, sdp: sdp_of(message) });
        if leaving {
            self.say_bye(now, id, None);
        }
    }

    /// Our 2xx once more, or BYE when no ACK has come for 64*T1.
    pub(super) fn repeat_answer(&mut self, now: Instant, id: CallId, transaction: TransactionId) {
        let t2 = self.timing.t2;
        let Some(theirs) = self.calls.get_mut(&id).and_then(|call| call.theirs.as_mut()) else { return };
        let Some(unconfirmed) = theirs.unconfirmed.as_mut().filter(|_| theirs.transaction == transaction)
        else {
            return;
        };
        if now >= unconfirmed.until {
            return self.say_bye(now, id, None);
        }
        unconfirmed.interval = unconfirmed.interval.saturating_mul(2).min(t2);
        let next = (now + unconfirmed.interval).min(unconfirmed.until);
        self.layer.respond(now, transaction, 200, unconfirmed.bytes.clone());
        self.timers.set(next, Timer::Repeat(id, transaction));
    }
}
