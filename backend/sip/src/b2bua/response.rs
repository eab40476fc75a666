//! Responses to requests inside the call: each goes back to the side that asked, or ends a refresh of ours.

use std::time::Instant;

use bytes::Bytes;

use crate::transaction::{Failure, TransactionId};
use crate::wire::{Message, Method};

use super::call::{Call, Need, Stage, Unacknowledged, Unconfirmed};
use super::exchange::{Exchange, has_contact};
use super::io::{Alarm, Io, sdp_of};
use super::{MediaFailed, MediaNeed, Refusal, SdpKind, policy};

impl Call {
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
        match response.status().unwrap_or_default() {
            0..=100 => {}
            status @ 101..=199 => {
                let asked = exchange.asked.clone().filter(|_| exchange.is_invite);
                if let Some(asked) = asked.filter(|asked| !self.is_replacing(&asked.message)) {
                    let writer = io.reply(&asked, status, response.reason(), "");
                    let writer = self.response_tail(io, writer, exchange.side, response, None, None);
                    io.send_reply(now, &asked, status, writer);
                }
            }
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
        let (other, has_offer, passes_invite) =
            (exchange.side.other(), exchange.has_offer, exchange.passes_invite);
        let (fork, is_ours, exchange_is_prack) =
            (exchange.fork.clone(), exchange.asked.is_none(), exchange.is_prack());
        if matches!(response.method(), Method::Invite | Method::Update) {
            let cseq = response.cseq().map_or(0, |(cseq, _)| cseq);
            if let Some(leg) = self.end_mut(other, fork.as_deref()) {
                leg.refresh(response);
            }
            if passes_invite {
                self.unacknowledged[other as usize] = Some(Unacknowledged { invite: transaction, cseq });
                if has_offer {
                    self.acknowledge(io, other, None);
                }
            }
            if self.stage == Stage::Answered && !is_ours {
                self.take_session(io, now, other, response);
            }
        }
        if is_ours {
            self.take_exchange(number);
            return self.on_own_success(io, now, other, response);
        }
        let kind = if has_offer { SdpKind::Answer } else { SdpKind::Offer };
        match sdp_of(response).filter(|_| passes_invite || has_offer) {
            Some(sdp) => {
                let need = Need::Respond { exchange: number, response: response.clone() };
                self.need(io, need, MediaNeed::Rewrite { from: other, kind, sdp });
            }
            None if exchange_is_prack => {
                if let Some(exchange) = self.take_exchange(number) {
                    self.on_prack_refused(io, now, exchange);
                }
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
            Ok(sdp) => self.pass_response(io, now, number, response, Some(sdp)),
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
        sdp: Option<Bytes>,
    ) {
        let Some(exchange) = self.take_exchange(number) else { return };
        let Exchange { asked: Some(asked), side, is_invite, has_offer, offered, fork, .. } = exchange else {
            return;
        };
        let status = response.status().unwrap_or(200);
        let method = asked.message.method();
        let carries_session = matches!(method, Method::Invite | Method::Update);
        let in_dialog = carries_session && fork.is_none();
        let is_replacing = self.is_replacing(&asked.message);
        let tag = if is_replacing { io.ids.tag(self.key) } else { String::new() };
        if is_replacing && self.replace(io, now, side, &asked, &tag).is_none() {
            return self.end_by_us(io, now, Refusal::new(400, 111, "bad-request"));
        }
        let confirmed = if in_dialog { self.confirm_session(io, now, side, &asked.message) } else { None };
        let writer = io.reply(&asked, status, response.reason(), &tag);
        let body = response.body();
        let bytes = if sdp.is_some() || has_contact(&method) {
            self.response_tail(io, writer, side, response, sdp.as_ref(), confirmed).finish()
        } else {
            let writer = policy::pass(writer, response, self.way(io, side), !body.is_empty(), |_| false);
            let content_type = response.header(crate::wire::HeaderName::ContentType);
            writer.body(content_type.filter(|_| !body.is_empty()), &body).finish()
        };
        io.layer.respond(now, asked.transaction, status, bytes.clone());
        if let (Method::Prack, Some(tag), Some(told), Some(spoken)) = (&method, &fork, &sdp, sdp_of(response))
        {
            let spoken = Bytes::copy_from_slice(&spoken);
            self.on_prack_passed(io, now, tag, spoken, told.clone());
        }
        if let Some(leg) = self.end_mut(side, fork.as_deref()).filter(|_| carries_session) {
            leg.refresh(&asked.message);
        }
        if has_offer {
            io.media(self.key, if sdp.is_some() { MediaNeed::Confirmed } else { MediaNeed::Abandoned });
        }
        if sdp.is_some() {
            self.spoken[side.other() as usize] = sdp_of(response).map(|sdp| Bytes::copy_from_slice(&sdp));
            self.told[side as usize] = sdp;
            if has_offer {
                self.spoken[side as usize] = sdp_of(&asked.message).map(|sdp| Bytes::copy_from_slice(&sdp));
                self.told[side.other() as usize] = offered;
            }
        }
        if is_invite {
            self.await_ack(io, now, side, Unconfirmed::new(io, now, &asked, status, bytes));
        }
        self.clear_stuck();
    }

    /// A failure goes back as it is. A leg that knows no dialog any more ends the call (RFC 3261 §12.2.1.2).
    fn on_exchange_refused(&mut self, io: &mut Io, now: Instant, number: u32, response: &Message) {
        let Some(exchange) = self.take_exchange(number) else { return };
        let other = exchange.side.other();
        let Some(asked) = &exchange.asked else {
            self.clear_stuck();
            return self.on_own_refused(io, now, other, response);
        };
        if exchange.is_prack() {
            return self.on_prack_refused(io, now, exchange);
        }
        if exchange.is_given_up {
            io.answer(now, asked, 500, "");
            return self.after_refusal(io, now, &exchange, 500);
        }
        let status = response.status().unwrap_or(500);
        let writer = io.reply(asked, status, response.reason(), "");
        let body = response.body();
        let has_body = !body.is_empty() && sdp_of(response).is_none();
        let mut writer = policy::pass(writer, response, self.way(io, exchange.side), has_body, |_| false);
        if has_body {
            writer = writer.body(response.header(crate::wire::HeaderName::ContentType), &body);
        }
        io.send_reply(now, asked, status, writer);
        self.after_refusal(io, now, &exchange, status);
    }

    /// There was no response at all.
    pub(super) fn on_exchange_failed(&mut self, io: &mut Io, now: Instant, number: u32, failure: Failure) {
        if failure == Failure::Transport && self.over_udp(io, now, number) {
            return;
        }
        let Some(exchange) = self.take_exchange(number) else { return };
        if exchange.is_prack() {
            return self.on_prack_refused(io, now, exchange);
        }
        let status = if exchange.is_given_up { 500 } else { failure.status() };
        match &exchange.asked {
            Some(asked) => io.answer(now, asked, status, ""),
            None if !exchange.is_given_up => return self.on_own_failed(io, now, failure),
            None => {}
        }
        self.after_refusal(io, now, &exchange, status);
    }

    /// Sends a large request again over UDP that did not get there over TCP; the leg has no TCP from now on.
    fn over_udp(&mut self, io: &mut Io, now: Instant, number: u32) -> bool {
        let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.number == number) else {
            return false;
        };
        if !std::mem::take(&mut exchange.has_grown) || exchange.is_given_up {
            return false;
        }
        let other = exchange.side.other();
        let (is_ours, offered) = (exchange.asked.is_none(), exchange.offered.take());
        self.policies[other as usize].large_over_tcp = false;
        if is_ours {
            self.take_exchange(number);
            self.ask_ourselves(io, now, other, &Method::Invite);
        } else {
            self.pass_ask(io, now, number, offered);
        }
        true
    }

    fn after_refusal(&mut self, io: &mut Io, now: Instant, exchange: &Exchange, status: u16) {
        self.clear_stuck();
        if exchange.has_offer && exchange.asked.is_some() {
            io.media(self.key, MediaNeed::Abandoned);
        }
        let method = exchange.asked.as_ref().map(|asked| asked.message.method());
        let carries_session = matches!(method, Some(Method::Invite | Method::Update));
        if carries_session && exchange.fork.is_none() && matches!(status, 408 | 481) {
            self.on_leg_lost(io, now, exchange.side.other());
        }
    }

    /// Once no INVITE is under way, none can be stuck.
    fn clear_stuck(&mut self) {
        if !self.exchanges.iter().any(|exchange| exchange.passes_invite) {
            self.clear(Alarm::Stuck);
        }
    }
}
