//! Requests inside the call: each is passed to the other leg, and its response back (in `response.rs`).
//!
//! re-INVITE and UPDATE take their session descriptions through the media plane; those that change nothing are
//! answered here, as each leg has its own session timer. All other methods and bodies pass as they are, by the
//! policy table.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::transaction::{Failure, Outgoing, Peer, TransactionId};
use crate::wire::{HeaderName, Message, Method, Writer};

use super::call::{Call, EXCHANGES_MAX, Need, Stage, Unconfirmed};
use super::io::{Alarm, Asked, Io, Owner, SDP, sdp_of};
use super::refresh::OFFER_PATIENCE;
use super::setup::hops_left;
use super::{MediaFailed, MediaNeed, SdpKind, Side, Transfer, policy};

/// The most requests that change a call which one leg may send at once (a storm gets 500 and Retry-After).
const BURST_MAX: u32 = 20;
/// After which time one more is allowed.
const REFILL: Duration = Duration::from_millis(500);

/// A request inside the call on its way to the other leg, and its response on the way back.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) number: u32,
    /// Whose request it is; of a request of ours, the side that it does not go to.
    pub(super) side: Side,
    /// The request; `None` for one of our own.
    pub(super) asked: Option<Asked>,
    /// Whether the asker sent an INVITE, and waits for its final response until it acknowledges it.
    pub(super) is_invite: bool,
    /// Whether an INVITE went to the other leg; an UPDATE can become one.
    pub(super) passes_invite: bool,
    /// Whether the request brought an offer.
    pub(super) has_offer: bool,
    /// The offer as the other leg saw it.
    pub(super) offered: Option<Bytes>,
    /// The transaction on the other leg, once it is there.
    pub(super) passed: Option<TransactionId>,
    /// The early dialog that it belongs to, by our tag towards the caller.
    pub(super) fork: Option<Box<str>>,
    /// It has waited too long, and was cancelled.
    pub(super) is_given_up: bool,
    /// It went over TCP in place of UDP, because it is large.
    pub(super) has_grown: bool,
}

/// A request on its way over.
struct Passed<'a> {
    to: Side,
    peer: Peer,
    method: &'a Method,
    request: &'a Message,
    is_early: bool,
}

/// How many requests a leg may send at this moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    spent: u32,
    since: Option<Instant>,
}

impl Budget {
    /// Takes one; `false` where there is none.
    fn take(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let refills = now.saturating_duration_since(since).as_millis() / REFILL.as_millis();
        if refills > 0 {
            self.spent = self.spent.saturating_sub(u32::try_from(refills).unwrap_or(u32::MAX));
            self.since = Some(now);
        }
        let is_free = self.spent < BURST_MAX;
        self.spent += u32::from(is_free);
        is_free
    }
}

impl Call {
    pub(super) const fn next_exchange(&mut self) -> u32 {
        self.exchange_serial = self.exchange_serial.wrapping_add(1);
        self.exchange_serial
    }

    /// A request that is neither BYE, CANCEL, PRACK nor OPTIONS has come in a dialog of the call, an early one where
    /// `fork` names it.
    pub(super) fn on_ask(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        asked: Asked,
        fork: Option<Box<str>>,
    ) {
        let method = asked.message.method();
        let is_invite = method == Method::Invite;
        let carries_session = matches!(method, Method::Invite | Method::Update | Method::Prack);
        let offer = sdp_of(&asked.message).filter(|_| carries_session);
        if let Some(status) = self.objection(now, side, &asked, offer.is_some(), fork.as_deref()) {
            return io.answer(now, &asked, status, "");
        }
        if let Some(min) = self.too_short(side, &asked.message).filter(|_| carries_session) {
            let writer = io.reply(&asked, 422, "", "").header_fmt(HeaderName::MinSe, min);
            return io.send_reply(now, &asked, 422, writer);
        }
        let told = &self.told[side as usize];
        let is_new = self.is_replacing(&asked.message);
        let is_known = offer.is_some() && offer == self.spoken[side as usize] && told.is_some() && !is_new;
        if carries_session && (is_known && fork.is_none() || !is_invite && offer.is_none()) {
            let sdp = told.clone().filter(|_| is_known);
            return self.answer_refresh(io, now, side, &asked, sdp, fork.is_none());
        }
        if method == Method::Refer && self.policies[side as usize].transfer != Transfer::Pass {
            return self.on_refer(io, now, side, asked);
        }
        let asked = match method {
            Method::Info => match self.take_digit(io, now, side, asked) {
                Some(asked) => asked,
                None => return,
            },
            _ => asked,
        };
        let number = self.next_exchange();
        io.layer.attach(asked.transaction, Owner::Exchange(self.key, number));
        if is_invite && !is_new {
            io.answer(now, &asked, 100, "");
        }
        // An UPDATE that the far side does not serve becomes a re-INVITE.
        let has_update = fork.is_some() || self.sessions[side.other() as usize].has_update;
        let passes_invite = is_invite || (method == Method::Update && !has_update);
        self.exchanges.push(Exchange {
            number,
            side,
            asked: Some(asked),
            is_invite,
            passes_invite,
            has_offer: offer.is_some(),
            offered: None,
            passed: None,
            fork,
            is_given_up: false,
            has_grown: false,
        });
        if passes_invite {
            self.set(io, Alarm::Stuck, now + OFFER_PATIENCE);
        }
        match offer {
            Some(sdp) => {
                let need = Need::Ask { exchange: number };
                self.need(io, need, MediaNeed::Rewrite { from: side, kind: SdpKind::Offer, sdp });
            }
            None => self.pass_ask(io, now, number, None),
        }
    }

    /// Why a request cannot be passed on now: its status.
    fn objection(
        &mut self,
        now: Instant,
        side: Side,
        asked: &Asked,
        has_offer: bool,
        fork: Option<&str>,
    ) -> Option<u16> {
        let request = &asked.message;
        let method = request.method();
        let is_invite = method == Method::Invite;
        let is_open = self.stage == Stage::Answered || (fork.is_some() && self.stage == Stage::Calling);
        if !is_open || self.exchanges.len() >= EXCHANGES_MAX {
            return Some(500);
        }
        if request.max_forwards() == Some(0) {
            return Some(483);
        }
        let changes_call =
            matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe);
        if changes_call && !self.budgets[side as usize].take(now) {
            return Some(500);
        }
        if is_invite && !has_offer && !request.body().is_empty() {
            return Some(415);
        }
        if (is_invite || has_offer) && self.is_negotiating() {
            // Two of one side one after the other without waiting get 500, two that cross 491 (RFC 3261 §14.2).
            let is_own = self.exchanges.iter().any(|exchange| exchange.side == side && exchange.is_invite);
            return Some(if is_own { 500 } else { 491 });
        }
        None
    }

    /// Answers a request that changes nothing but the session timer and the target of its own leg.
    fn answer_refresh(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        asked: &Asked,
        sdp: Option<Bytes>,
        is_confirmed: bool,
    ) {
        let confirmed = if is_confirmed { self.confirm_session(io, now, side, &asked.message) } else { None };
        if let Some(leg) = self.leg_mut(side).filter(|_| is_confirmed) {
            leg.refresh(&asked.message);
        }
        let contact = io.contact(asked.from.transport, &self.contacts[side as usize]);
        let mut writer = io
            .reply(asked, 200, "", "")
            .header_of(HeaderName::Contact, |value| contact.write(value))
            .header(HeaderName::Allow, policy::ALLOW)
            .header(HeaderName::Supported, policy::SUPPORTED);
        if let Some(confirmed) = confirmed {
            writer = confirmed.write(writer);
        }
        let bytes = match sdp {
            Some(sdp) => writer.body(Some(SDP), sdp).finish(),
            None => writer.finish(),
        };
        io.layer.respond(now, asked.transaction, 200, bytes.clone());
        if asked.message.method() == Method::Invite {
            self.await_ack(io, now, side, Unconfirmed::new(io, now, asked, 200, bytes));
        }
    }

    pub(super) fn on_ask_media(
        &mut self,
        io: &mut Io,
        now: Instant,
        number: u32,
        answer: Result<Bytes, MediaFailed>,
    ) {
        match answer {
            Ok(sdp) => self.pass_ask(io, now, number, Some(sdp)),
            Err(MediaFailed(refusal)) => {
                if let Some(exchange) = self.take_exchange(number) {
                    if exchange.is_prack() {
                        return self.on_prack_refused(io, now, exchange);
                    }
                    if let Some(asked) = &exchange.asked {
                        io.refuse(now, asked, &refusal, "");
                    }
                    io.media(self.key, MediaNeed::Abandoned);
                }
            }
        }
    }

    /// Sends the request on the other leg.
    pub(super) fn pass_ask(&mut self, io: &mut Io, now: Instant, number: u32, sdp: Option<Bytes>) {
        let Some(place) = self.exchanges.iter().position(|exchange| exchange.number == number) else {
            return;
        };
        let exchange = &self.exchanges[place];
        let (other, fork) = (exchange.side.other(), exchange.fork.clone());
        let Some(request) = exchange.asked.as_ref().map(|asked| asked.message.clone()) else { return };
        // An offer in a PRACK is passed as an UPDATE: the callee's responses are confirmed by PRACKs of our own.
        let method = match request.method() {
            _ if exchange.passes_invite => Method::Invite,
            Method::Prack => Method::Update,
            method => method,
        };
        let branch = io.ids.branch();
        let Some(leg) = self.end_mut(other, fork.as_deref()) else {
            return self.on_exchange_failed(io, now, number, Failure::Transport);
        };
        let (cseq, mut peer) = (leg.next_cseq(), leg.next_hop());
        let Some(leg) = self.end(other, fork.as_deref()) else { return };
        let write = |peer: Peer| {
            let head = leg.request(&method, cseq, io.hop(peer.transport, &branch), hops_left(&request));
            let is_early = fork.is_some();
            self.write_ask(
                io,
                head,
                Passed { to: other, peer, method: &method, request: &request, is_early },
                &sdp,
            )
        };
        let mut bytes = write(peer);
        let grown = self.policies[other as usize].grown(peer, bytes.len());
        if let Some(grown) = grown {
            (peer, bytes) = (grown, write(grown));
        }
        self.exchanges[place].has_grown = grown.is_some();
        self.exchanges[place].offered = sdp;
        let outgoing = Outgoing { peer, method: &method, branch: &branch, bytes };
        match io.layer.request(now, outgoing, Owner::Exchange(self.key, number)) {
            Ok(transaction) => self.exchanges[place].passed = Some(transaction),
            Err(_) => self.on_exchange_failed(io, now, number, Failure::Transport),
        }
    }

    /// What comes after the head of a request that is passed on.
    fn write_ask(&self, io: &Io, head: Writer, passed: Passed<'_>, sdp: &Option<Bytes>) -> Bytes {
        let Passed { to, peer, method, request, is_early } = passed;
        let mut writer = head;
        if has_contact(method) {
            let contact = io.contact(peer.transport, &self.contacts[to as usize]);
            writer = writer.header_of(HeaderName::Contact, |value| contact.write(value));
        }
        writer = io.sign(writer, HeaderName::UserAgent);
        if matches!(method, Method::Invite | Method::Update) && !is_early {
            writer = self.write_session(writer, to);
        }
        let body = request.body();
        let passes_body = sdp.is_some() || (!body.is_empty() && *method != Method::Invite);
        writer = policy::pass(writer, request, self.way(io, to), passes_body, |_| false);
        match sdp {
            Some(sdp) => writer.body(Some(SDP), sdp).finish(),
            None if passes_body => writer.body(request.header(HeaderName::ContentType), &body).finish(),
            None => writer.finish(),
        }
    }

    /// A re-INVITE is cancelled; the response of the other leg decides.
    pub(super) fn on_exchange_cancelled(&mut self, io: &mut Io, now: Instant, number: u32) {
        let passed = self.exchanges.iter().find(|exchange| exchange.number == number).and_then(|e| e.passed);
        if let Some(transaction) = passed {
            io.layer.cancel(now, transaction, None);
        } else if let Some(asked) = self.take_exchange(number).and_then(|exchange| exchange.asked) {
            io.answer(now, &asked, 487, "");
            io.media(self.key, MediaNeed::Abandoned);
        }
    }

    /// A re-INVITE has only had provisional responses for too long: it is taken back, so that others may offer.
    pub(super) fn on_stuck(&mut self, io: &mut Io, now: Instant) {
        let late = self.exchanges.iter_mut().filter(|exchange| exchange.passes_invite);
        let mut unsent = None;
        for exchange in late {
            exchange.is_given_up = true;
            match exchange.passed {
                Some(transaction) => io.layer.cancel(now, transaction, None),
                None => unsent = Some(exchange.number),
            }
        }
        if let Some(number) = unsent {
            self.on_exchange_failed(io, now, number, Failure::Timeout);
        }
    }

    pub(super) fn take_exchange(&mut self, number: u32) -> Option<Exchange> {
        let place = self.exchanges.iter().position(|exchange| exchange.number == number)?;
        Some(self.exchanges.swap_remove(place))
    }

    fn end(&self, side: Side, fork: Option<&str>) -> Option<&Dialog> {
        match self.forks.iter().find(|known| Some(&*known.tag) == fork) {
            Some(fork) => fork.ends[side as usize].as_deref(),
            None => self.leg(side),
        }
    }

    /// The dialog on a side, an early one where `fork` still names it.
    pub(super) fn end_mut(&mut self, side: Side, fork: Option<&str>) -> Option<&mut Dialog> {
        let early = self.forks.iter_mut().find(|known| Some(&*known.tag) == fork);
        match early {
            Some(fork) => fork.ends[side as usize].as_deref_mut(),
            None => self.legs[side as usize].as_mut(),
        }
    }
}

/// The methods that make or refresh a dialog, and so carry a Contact (RFC 3261 §12.1, RFC 3311, RFC 3515, RFC 6665).
pub(super) const fn has_contact(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Subscribe | Method::Notify)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a virtual clock has to start somewhere")]
    fn a_burst_is_bounded_and_refills_with_time() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        let taken = |budget: &mut Budget, now| (0..100).filter(|_| budget.take(now)).count();
        assert_eq!(taken(&mut budget, start), 20);
        assert_eq!(taken(&mut budget, start + REFILL * 3), 3);
        assert_eq!(taken(&mut budget, start + REFILL * 300), 20);
    }
}
