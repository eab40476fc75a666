//! Requests inside the call: each is passed to the other leg, and its response back.
//!
//! re-INVITE and UPDATE take their session descriptions through the media plane; all other methods and bodies
//! pass as they are, by the policy table.

use std::time::Instant;

use bytes::Bytes;

use crate::transaction::{Failure, Outgoing, TransactionId};
use crate::wire::{HeaderName, Message, Method};

use super::call::{Call, EXCHANGES_MAX, Exchange, Need, Stage, Unacknowledged, Unconfirmed};
use super::io::{Asked, Io, Owner, SDP, sdp_of};
use super::setup::hops_left;
use super::{MediaFailed, MediaNeed, SdpKind, Side, policy};

impl Call {
    /// A request that is neither BYE, CANCEL nor OPTIONS has come on a leg of an answered call.
    pub(super) fn on_ask(&mut self, io: &mut Io, now: Instant, side: Side, asked: Asked) {
        let method = asked.message.method();
        let is_invite = method == Method::Invite;
        let offer = sdp_of(&asked.message).filter(|_| is_invite || method == Method::Update);
        let is_offering = is_invite || offer.is_some();
        if let Some(status) = self.objection(side, &asked, is_offering, offer.is_some()) {
            return io.answer(now, &asked, status, "");
        }
        self.exchange_serial = self.exchange_serial.wrapping_add(1);
        let number = self.exchange_serial;
        let owner = Owner::Exchange(self.key, number);
        io.layer.attach(asked.transaction, owner);
        if is_invite {
            io.answer(now, &asked, 100, "");
        }
        self.exchanges.push(Exchange {
            number,
            side,
            asked,
            is_invite,
            has_offer: offer.is_some(),
            passed: None,
        });
        match offer {
            Some(sdp) => {
                let need = Need::Ask { exchange: number };
                self.need(io, need, MediaNeed::Rewrite { from: side, kind: SdpKind::Offer, sdp });
            }
            None => self.pass_ask(io, now, number, None),
        }
    }

    /// Why a request cannot be passed on now: its status.
    fn objection(&self, side: Side, asked: &Asked, is_offering: bool, has_offer: bool) -> Option<u16> {
        let request = &asked.message;
        let is_invite = request.method() == Method::Invite;
        if self.stage != Stage::Answered || self.exchanges.len() >= EXCHANGES_MAX {
            return Some(500);
        }
        if request.max_forwards() == Some(0) {
            return Some(483);
        }
        if is_invite && !has_offer && !request.body().is_empty() {
            return Some(415);
        }
        if is_offering && self.is_negotiating() {
            // Two of one side one after the other without waiting get 500, two that cross 491 (RFC 3261 §14.2).
            let is_own = self.exchanges.iter().any(|exchange| exchange.side == side && exchange.is_invite);
            return Some(if is_own { 500 } else { 491 });
        }
        None
    }

    pub(super) fn on_ask_media(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        answer: Result<Bytes, MediaFailed>,
    ) {
        match answer {
            Ok(sdp) => self.pass_ask(io, now, number, Some(&sdp)),
            Err(MediaFailed(refusal)) => {
                if let Some(exchange) = self.take_exchange(number) {
                    io.refuse(now, &exchange.asked, &refusal, "");
                    io.media(self.key, MediaNeed::Abandoned);
                }
            }
        }
    }

    /// Sends the request on the other leg.
    fn pass_ask(&mut self, io: &mut Io, now: Instant, number: u32, sdp: Option<&Bytes>) {
        let Some(place) = self.exchanges.iter().position(|exchange| exchange.number == number) else {
            return;
        };
        let request = self.exchanges[place].asked.message.clone();
        let other = self.exchanges[place].side.other();
        let method = request.method();
        let branch = io.ids.branch();
        let contact = self.contacts[other as usize].clone();
        let Some(leg) = self.leg_mut(other) else { return };
        let (cseq, peer) = (leg.next_cseq(), leg.next_hop());
        let mut writer = leg.request(&method, cseq, io.hop(peer.transport, &branch), hops_left(&request));
        if has_contact(&method) {
            writer = writer.header_fmt(HeaderName::Contact, io.contact(peer.transport, &contact));
        }
        writer = io.sign(writer, HeaderName::UserAgent);
        let body = request.body();
        let passes_body = sdp.is_some() || (!body.is_empty() && method != Method::Invite);
        writer = policy::pass(writer, &request, passes_body, |_| false);
        writer = match sdp {
            Some(sdp) => writer.body(Some(SDP), sdp),
            None if passes_body => writer.body(request.header(HeaderName::ContentType), &body),
            None => writer,
        };
        let outgoing = Outgoing { peer, method: &method, branch: &branch, bytes: writer.finish() };
        match io.layer.request(now, outgoing, Owner::Exchange(self.key, number)) {
            Ok(transaction) => self.exchanges[place].passed = Some(transaction),
            Err(_) => self.on_exchange_failed(io, now, number, Failure::Transport),
        }
    }

    /// A response to a request that was passed on. `false` when it is a 2xx that belongs to nobody any more.
    pub(super) fn on_exchange_response(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        transaction: TransactionId,
        response: &Message,
    ) -> bool {
        if self.unacknowledged.iter().flatten().any(|waiting| waiting.invite == transaction) {
            return true; // its 2xx again, while the ACK with the answer is awaited
        }
        let Some(exchange) = self.exchanges.iter().find(|exchange| exchange.number == number) else {
            return false;
        };
        let status = response.status().unwrap_or_default();
        let (side, is_invite) = (exchange.side, exchange.is_invite);
        match status {
            100 => return true,
            101..=199 if is_invite => {
                let writer = io.reply(&exchange.asked, status, response.reason(), "");
                let writer = self.response_tail(io, writer, side, response, None);
                let asked = exchange.asked.clone();
                io.send_reply(now, &asked, status, writer);
                return true;
            }
            101..=199 => return true,
            200..=299 => self.on_exchange_success(io, now, number, transaction, response),
            _ => self.on_exchange_refused(io, now, number, response),
        }
        true
    }

    fn on_exchange_success(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        transaction: TransactionId,
        response: &Message,
    ) {
        let Some(exchange) = self.exchanges.iter().find(|exchange| exchange.number == number) else { return };
        let (side, is_invite, has_offer) = (exchange.side, exchange.is_invite, exchange.has_offer);
        let is_update = exchange.asked.message.method() == Method::Update;
        let other = side.other();
        if is_invite || is_update {
            let cseq = response.cseq().map_or(0, |(cseq, _)| cseq);
            if let Some(leg) = self.leg_mut(other) {
                leg.refresh(response);
            }
            if is_invite {
                self.unacknowledged[other as usize] = Some(Unacknowledged { invite: transaction, cseq });
                if has_offer {
                    self.acknowledge(io, other, None);
                }
            }
        }
        let kind = if has_offer { SdpKind::Answer } else { SdpKind::Offer };
        match sdp_of(response).filter(|_| is_invite || has_offer) {
            Some(sdp) => {
                let need = Need::Respond { exchange: number, response: response.clone() };
                self.need(io, need, MediaNeed::Rewrite { from: other, kind, sdp });
            }
            None => self.pass_response(io, now, number, response, None),
        }
    }

    /// The description of a 2xx has been rewritten, or cannot be; then the sides no longer agree, and the call ends.
    pub(super) fn on_respond_media(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        response: &Message,
        answer: Result<Bytes, MediaFailed>,
    ) {
        match answer {
            Ok(sdp) => self.pass_response(io, now, number, response, Some(&sdp)),
            Err(MediaFailed(refusal)) => self.end_by_us(io, now, refusal),
        }
    }

    /// Hands a 2xx back to the side that asked.
    fn pass_response(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        response: &Message,
        sdp: Option<&Bytes>,
    ) {
        let Some(exchange) = self.take_exchange(number) else { return };
        let Exchange { asked, side, is_invite, has_offer, .. } = exchange;
        let status = response.status().unwrap_or(200);
        let method = asked.message.method();
        let writer = io.reply(&asked, status, response.reason(), "");
        let body = response.body();
        let bytes = if sdp.is_some() || has_contact(&method) {
            self.response_tail(io, writer, side, response, sdp).finish()
        } else {
            let writer = policy::pass(writer, response, !body.is_empty(), |_| false);
            let content_type = response.header(HeaderName::ContentType).filter(|_| !body.is_empty());
            writer.body(content_type, &body).finish()
        };
        io.layer.respond(now, asked.transaction, status, bytes.clone());
        if matches!(method, Method::Invite | Method::Update)
            && let Some(leg) = self.leg_mut(side)
        {
            leg.refresh(&asked.message);
        }
        if has_offer {
            io.media(self.key, if sdp.is_some() { MediaNeed::Confirmed } else { MediaNeed::Abandoned });
        }
        if is_invite {
            self.await_ack(
                io,
                now,
                side,
                Unconfirmed {
                    transaction: asked.transaction,
                    bytes,
                    status,
                    cseq: asked.message.cseq().map_or(0, |(number, _)| number),
                    interval: io.config.timing.t1,
                    give_up_at: now + io.config.timing.patience(),
                },
            );
        }
    }

    /// A failure goes back as it is. A leg that knows no dialog any more ends the call (RFC 3261 §12.2.1.2).
    fn on_exchange_refused(&mut self, io: &mut Io, now: Instant, number: u32, response: &Message) {
        let Some(exchange) = self.take_exchange(number) else { return };
        let status = response.status().unwrap_or(500);
        let writer = io.reply(&exchange.asked, status, response.reason(), "");
        let body = response.body();
        let has_body = !body.is_empty() && sdp_of(response).is_none();
        let mut writer = policy::pass(writer, response, has_body, |_| false);
        if has_body {
            writer = writer.body(response.header(HeaderName::ContentType), &body);
        }
        io.send_reply(now, &exchange.asked, status, writer);
        self.after_refusal(io, now, &exchange, status);
    }

    /// There was no response at all.
    pub(super) fn on_exchange_failed(&mut self, io: &mut Io, now: Instant, number: u32, failure: Failure) {
        let Some(exchange) = self.take_exchange(number) else { return };
        io.answer(now, &exchange.asked, failure.status(), "");
        self.after_refusal(io, now, &exchange, failure.status());
    }

    fn after_refusal(&mut self, io: &mut Io, now: Instant, exchange: &Exchange, status: u16) {
        if exchange.has_offer {
            io.media(self.key, MediaNeed::Abandoned);
        }
        let carries_session = exchange.is_invite || exchange.asked.message.method() == Method::Update;
        if carries_session && matches!(status, 408 | 481) {
            self.on_leg_lost(io, now, exchange.side.other());
        }
    }

    /// A re-INVITE is cancelled; the response of the other leg decides.
    pub(super) fn on_exchange_cancelled(&mut self, io: &mut Io, now: Instant, number: u32) {
        let passed = self.exchanges.iter().find(|exchange| exchange.number == number).and_then(|e| e.passed);
        if let Some(transaction) = passed {
            io.layer.cancel(now, transaction, None);
        } else if let Some(exchange) = self.take_exchange(number) {
            io.answer(now, &exchange.asked, 487, "");
            io.media(self.key, MediaNeed::Abandoned);
        }
    }

    fn take_exchange(&mut self, number: u32) -> Option<Exchange> {
        let place = self.exchanges.iter().position(|exchange| exchange.number == number)?;
        Some(self.exchanges.swap_remove(place))
    }
}

/// The methods that make or refresh a dialog, and so carry a Contact (RFC 3261 §12.1, RFC 3311, RFC 3515, RFC 6665).
const fn has_contact(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe | Method::Notify)
}
