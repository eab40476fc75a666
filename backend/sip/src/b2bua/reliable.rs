//! Reliable provisional responses (RFC 3262), on each leg by itself: ours to the caller are repeated until their PRACK
//! comes; those of the callee get a PRACK from us.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::header::RAck;
use crate::transaction::{Outgoing, Peer};
use crate::wire::{HeaderName, Message, Method};

use super::call::{Call, Stage};
use super::io::{Alarm, Asked, Io, Owner, sdp_of};
use super::setup::MAX_FORWARDS;
use super::{LegPolicy, Refusal, Reliability, Side, policy};

/// The most of our reliable responses that wait for their turn; of more, the newest is not sent.
const WAITING_MAX: usize = 8;

/// Our reliable responses to the caller, and how far they are.
#[derive(Debug, Default)]
pub(super) struct Reliable {
    /// The RSeq given last.
    latest: u32,
    /// The first one has been sent and waits for its PRACK; the others wait for that (RFC 3262 §3).
    waiting: VecDeque<Waiting>,
    /// The callee's 2xx and its description, which must not overtake an answer in a response (RFC 3262 §3).
    pub(super) held: Option<(Message, Option<Bytes>)>,
}

#[derive(Debug)]
struct Waiting {
    number: u32,
    status: u16,
    bytes: Bytes,
    has_description: bool,
    interval: Duration,
    give_up_at: Option<Instant>,
}

/// Whether a provisional response to this caller is to be reliable.
pub(super) fn is_wanted(policy: &LegPolicy, invite: &Message) -> bool {
    let asks = |name| policy::names(invite, name, "100rel");
    match policy.reliability {
        Reliability::Off => false,
        Reliability::Supported => asks(HeaderName::Require),
        Reliability::Preferred => asks(HeaderName::Require) || asks(HeaderName::Supported),
    }
}

impl Call {
    /// The RSeq of the next reliable response to the caller: rising by one from a random start (RFC 3262 §3).
    pub(super) fn next_rseq(&mut self, io: &Io) -> u32 {
        let reliable = self.reliable.get_or_insert_with(|| {
            let start = (io.ids.number() & 0x00ff_ffff) as u32;
            Box::new(Reliable { latest: start, ..Reliable::default() })
        });
        reliable.latest += 1;
        reliable.latest
    }

    /// Sends a reliable response as soon as those before it are confirmed.
    pub(super) fn send_reliable(
        &mut self,
        io: &mut Io,
        now: Instant,
        status: u16,
        bytes: Bytes,
        has_description: bool,
    ) {
        let interval = io.config.timing.t1;
        let Some(reliable) = &mut self.reliable else { return };
        if reliable.waiting.len() >= WAITING_MAX {
            return;
        }
        let number = reliable.latest;
        let give_up_at = None;
        reliable.waiting.push_back(Waiting { number, status, bytes, has_description, interval, give_up_at });
        if reliable.waiting.len() == 1 {
            self.send_waiting(io, now);
        }
    }

    /// Sends the first of those that wait.
    fn send_waiting(&mut self, io: &mut Io, now: Instant) {
        let Some(caller) = &self.caller else { return };
        let Some(first) = self.reliable.as_mut().and_then(|reliable| reliable.waiting.front_mut()) else {
            return self.clear(Alarm::Reliable);
        };
        first.give_up_at = Some(now + io.config.timing.patience());
        io.layer.respond(now, caller.transaction, first.status, first.bytes.clone());
        let next = now + first.interval;
        self.set(io, Alarm::Reliable, next);
    }

    /// No PRACK yet: again, at intervals that double; after 64*T1 the call is refused with 504 (RFC 3262 §3).
    pub(super) fn on_unconfirmed(&mut self, io: &mut Io, now: Instant) {
        let Some(caller) = &self.caller else { return };
        let Some(first) = self.reliable.as_mut().and_then(|reliable| reliable.waiting.front_mut()) else {
            return;
        };
        if first.give_up_at.is_some_and(|at| now < at) {
            first.interval = first.interval.saturating_mul(2);
            io.layer.respond(now, caller.transaction, first.status, first.bytes.clone());
            let next = (now + first.interval).min(first.give_up_at.unwrap_or(now));
            return self.set(io, Alarm::Reliable, next);
        }
        self.end_by_us(io, now, Refusal::new(504, 102, "unreachable"));
    }

    /// Whether the 2xx has to wait, because an answer in a reliable response is not confirmed yet, or an offer in a PRACK
    /// not answered.
    pub(super) fn is_description_open(&self) -> bool {
        self.reliable.as_ref().is_some_and(|reliable| {
            reliable.waiting.iter().any(|one| one.has_description) || self.is_prack_open()
        })
    }

    /// A PRACK of the caller. What it confirms is not repeated any more; an offer in it gets its answer from the callee,
    /// or here (`prack.rs`).
    pub(super) fn on_prack(&mut self, io: &mut Io, now: Instant, asked: Asked) {
        let rack = asked.message.header(HeaderName::RAck).and_then(|value| RAck::parse(value).ok());
        let invite = self.caller.as_ref().and_then(|caller| caller.message.cseq());
        let is_known = self.reliable.as_mut().zip(rack).is_some_and(|(reliable, rack)| {
            let is_first = reliable.waiting.front().is_some_and(|first| first.number == rack.response);
            let is_of_invite = invite.is_none_or(|(number, _)| number == rack.cseq.number);
            let is_confirmed = is_first && is_of_invite && rack.cseq.method == Method::Invite;
            if is_confirmed {
                reliable.waiting.pop_front();
            }
            is_confirmed
        });
        if !is_known {
            return io.answer(now, &asked, 481, "");
        }
        match sdp_of(&asked.message) {
            Some(offer) => self.on_prack_offer(io, now, asked, offer),
            None => {
                let writer = io.reply(&asked, 200, "", "");
                io.send_reply(now, &asked, 200, writer);
            }
        }
        self.send_waiting(io, now);
        self.release_held(io, now);
    }

    /// Passes the 2xx on that has waited, once nothing keeps it any more.
    pub(super) fn release_held(&mut self, io: &mut Io, now: Instant) {
        if self.is_description_open() {
            return;
        }
        let held = self.reliable.as_mut().and_then(|reliable| reliable.held.take());
        if let Some((response, sdp)) = held.filter(|_| self.stage == Stage::Answering) {
            self.pass_answer(io, now, &response, sdp);
        }
    }

    /// Confirms a provisional response of the callee, where that is reliable. `false` for one that came before, or
    /// before its turn: it is to be ignored (RFC 3262 §4).
    pub(super) fn confirm_provisional(
        &mut self,
        io: &mut Io,
        now: Instant,
        fork: usize,
        from: Peer,
        response: &Message,
    ) -> bool {
        if !policy::names(response, HeaderName::Require, "100rel") {
            return true;
        }
        let (Some(number), Some((cseq, _))) = (response.number(HeaderName::RSeq), response.cseq()) else {
            return true;
        };
        let fork = &mut self.forks[fork];
        if fork.rseq.is_some_and(|latest| latest.wrapping_add(1) != number) {
            return false;
        }
        if fork.ends[Side::B as usize].is_none() {
            fork.ends[Side::B as usize] = Dialog::asking(response, from).map(Box::new);
        }
        let Some(dialog) = &mut fork.ends[Side::B as usize] else { return true };
        fork.rseq = Some(number);
        let branch = io.ids.branch();
        let (own, peer) = (dialog.next_cseq(), dialog.next_hop());
        let mut writer = dialog.request(&Method::Prack, own, io.hop(peer.transport, &branch), MAX_FORWARDS);
        if let Some((name, value)) = self.trial.as_ref().and_then(|trial| trial.authorization.as_ref()) {
            writer = writer.header(*name, value);
        }
        let writer = writer.header_fmt(HeaderName::RAck, format_args!("{number} {cseq} INVITE"));
        let bytes = io.sign(writer, HeaderName::UserAgent).finish();
        let outgoing = Outgoing { peer, method: &Method::Prack, branch: &branch, bytes };
        // A full layer sends none; the callee repeats its response, and gives up by itself.
        let _ = io.layer.request(now, outgoing, Owner::Nobody);
        true
    }
}
