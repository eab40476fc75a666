//! The callee's responses to our INVITE: ringing, early media, and the answer.

use std::time::Instant;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::transaction::{Failure, Peer, TransactionId};
use crate::wire::{HeaderName, Message, Method, Writer};

use super::call::{Call, FORKS_MAX, Fork, Need, Stage, Unacknowledged, Unconfirmed};
use super::io::{Alarm, Io, SDP, sdp_of};
use super::link::{Link, Said};
use super::session::Confirmed;
use super::setup::{Failed, MAX_FORWARDS};
use super::{
    EarlyMedia, MediaFailed, MediaNeed, Milestone, Output, Refusal, SdpKind, Side, policy, reliable,
};

impl Call {
    /// A response to the INVITE of an attempt. `false` when it is a 2xx that belongs to nobody any more.
    pub(super) fn on_response(
        &mut self,
        io: &mut Io,
        now: Instant,
        index: usize,
        transaction: TransactionId,
        from: Peer,
        response: &Message,
    ) -> bool {
        let status = response.status().unwrap_or_default();
        let is_current = self.stage == Stage::Calling && self.attempt == Some(index);
        if self.is_awaited(transaction, response) {
            return true;
        }
        match status {
            100 => {}
            101..=199 if is_current => self.on_provisional(io, now, index, from, response),
            200..=299 if is_current => self.on_answer(io, now, transaction, from, response),
            200..=299 => return false,
            300..=699 if is_current && self.tries_again(io, now, from, response) => {}
            300.. => self.on_attempt_failed(io, now, index, &Failed::Response(response)),
            _ => {}
        }
        true
    }

    fn on_provisional(&mut self, io: &mut Io, now: Instant, index: usize, from: Peer, response: &Message) {
        self.ringing.get_or_insert(now);
        let fork = self.fork(io, index, response);
        if !self.confirm_provisional(io, now, fork, from, response) {
            return;
        }
        if policy::names(response, HeaderName::Allow, "UPDATE") {
            self.forks[fork].heard = Some((from, response.clone()));
        }
        // Without an offer of the caller, only a reliable 18x could carry one, and the callee was not asked for those.
        let passes_media = self.policies[Side::B as usize].early_media == EarlyMedia::Pass;
        let Some(sdp) = sdp_of(response).filter(|_| self.offer.is_some() && passes_media) else {
            return self.pass_provisional(io, now, index, response, None);
        };
        // Of several callees that ring at once the first one is heard.
        let is_second = self
            .forks
            .iter()
            .enumerate()
            .any(|(other, known)| other != fork && known.attempt == index && known.sdp.is_some());
        if is_second {
            return self.pass_provisional(io, now, index, response, None);
        }
        if self.is_flooded() {
            return;
        }
        match self.forks[fork].sdp.clone().filter(|(seen, _)| *seen == sdp) {
            Some((_, rewritten)) => self.pass_provisional(io, now, index, response, Some(&rewritten)),
            None => {
                let need = Need::Early { attempt: index, response: response.clone() };
                self.need(io, need, MediaNeed::Rewrite { from: Side::B, kind: SdpKind::Answer, sdp });
            }
        }
    }

    /// Early media has been rewritten. If it cannot be, the caller hears that it rings.
    pub(super) fn on_early(
        &mut self,
        io: &mut Io,
        now: Instant,
        index: usize,
        response: &Message,
        answer: Result<Bytes, MediaFailed>,
    ) {
        if self.stage != Stage::Calling || self.attempt != Some(index) {
            return;
        }
        let rewritten = answer.ok();
        if let (Some(rewritten), Some(sdp)) = (&rewritten, sdp_of(response)) {
            let fork = self.fork(io, index, response);
            self.forks[fork].sdp = Some((sdp, rewritten.clone()));
        }
        self.pass_provisional(io, now, index, response, rewritten.as_ref());
    }

    fn pass_provisional(
        &mut self,
        io: &mut Io,
        now: Instant,
        index: usize,
        response: &Message,
        sdp: Option<&Bytes>,
    ) {
        if sdp.is_some() && !self.had_early_media {
            self.had_early_media = true;
            self.milestone(io, now, Milestone::EarlyMedia);
        }
        let mutes = self.policies[Side::B as usize].early_media == EarlyMedia::Ringing;
        let (status, reason) = match response.status().unwrap_or(183) {
            183 if mutes => (180, ""),
            status => (status, response.reason()),
        };
        if status == 180 && !self.had_ringing {
            self.had_ringing = true;
            self.milestone(io, now, Milestone::Ringing);
        }
        if let Some(first) = self.link {
            return io.links.push_back(Link { call: self.key, said: Said::Rings { first, status } });
        }
        let fork = self.fork(io, index, response);
        let Some(caller) = &self.caller else { return };
        let is_reliable = reliable::is_wanted(&self.policies[Side::A as usize], &caller.message);
        if is_reliable && self.offer.is_none() {
            return; // its first reliable response would have to bring an offer (RFC 3261 §13.2.1)
        }
        let number = if is_reliable { self.next_rseq(io) } else { 0 };
        let Some(caller) = &self.caller else { return };
        let writer = io.reply(caller, status, reason, &self.forks[fork].tag);
        let mut writer = self.response_tail(io, writer, Side::A, response, sdp, None);
        if is_reliable {
            writer = writer.header(HeaderName::Require, "100rel").header_fmt(HeaderName::RSeq, number);
            self.told[Side::A as usize] = sdp.cloned().or_else(|| self.told[Side::A as usize].take());
            return self.send_reliable(io, now, status, writer.finish(), sdp.is_some());
        }
        io.send_reply(now, caller, status, writer);
    }

    /// Our Contact, the headers that cross and the description: the rest of a response to an INVITE or UPDATE.
    pub(super) fn response_tail(
        &self,
        io: &Io,
        writer: Writer,
        side: Side,
        response: &Message,
        sdp: Option<&Bytes>,
        session: Option<Confirmed>,
    ) -> Writer {
        let transport = match (self.leg(side), &self.caller) {
            (Some(leg), _) => leg.peer().transport,
            (None, Some(caller)) => caller.from.transport,
            (None, None) => crate::Transport::Udp,
        };
        let mut writer = writer.header_of(HeaderName::Contact, |value| {
            io.contact(transport, &self.contacts[side as usize]).write(value)
        });
        if let Some(session) = session {
            writer = session.write(writer);
        }
        if response.header(HeaderName::Allow).is_none() {
            writer = writer.header(HeaderName::Allow, policy::ALLOW);
        }
        if response.header(HeaderName::Supported).is_none() {
            writer = writer.header(HeaderName::Supported, policy::SUPPORTED);
        }
        let writer = policy::pass(writer, response, self.way(io, side), sdp.is_some(), |_| false);
        match sdp {
            Some(sdp) => writer.body(Some(SDP), sdp),
            None => writer,
        }
    }

    /// Whether this is the callee's 2xx again, while the caller's ACK with the answer is awaited.
    fn is_awaited(&self, transaction: TransactionId, response: &Message) -> bool {
        let waiting =
            self.unacknowledged[Side::B as usize].is_some_and(|waiting| waiting.invite == transaction);
        let tag = response.to_tag().unwrap_or_default();
        waiting && self.leg(Side::B).is_some_and(|leg| leg.remote_tag() == tag)
    }

    /// The callee has answered. A 2xx that makes no dialog cannot even be acknowledged.
    fn on_answer(
        &mut self,
        io: &mut Io,
        now: Instant,
        transaction: TransactionId,
        from: Peer,
        response: &Message,
    ) {
        let Some(mut dialog) = Dialog::asking(response, from) else {
            let index = self.attempt.unwrap_or_default();
            return self.on_attempt_failed(io, now, index, &Failed::Nothing(Failure::Transport));
        };
        self.stage = Stage::Answering;
        self.invite = None;
        self.clear(Alarm::Ring);
        let cseq = dialog.local_cseq();
        let fork = self.fork(io, self.attempt.unwrap_or_default(), response);
        if let Some(early) = self.forks[fork].ends[Side::B as usize].take() {
            dialog.resume(&early);
        }
        self.legs[Side::B as usize] = Some(dialog);
        self.take_session(io, now, Side::B, response);
        self.unacknowledged[Side::B as usize] = Some(Unacknowledged { invite: transaction, cseq });
        let has_offered = self.offer.is_some();
        if has_offered {
            self.acknowledge(io, Side::B, None);
        }
        let known = self.forks[fork].sdp.clone();
        let Some(sdp) = sdp_of(response) else {
            // RFC 3261 wants the answer in the 2xx, reliable or not; a callee that sent it in 183 alone is understood.
            return self.pass_answer(io, now, response, known.map(|(_, rewritten)| rewritten));
        };
        match known.filter(|(seen, _)| *seen == sdp) {
            Some((_, rewritten)) => self.pass_answer(io, now, response, Some(rewritten)),
            None => {
                let kind = if has_offered { SdpKind::Answer } else { SdpKind::Offer };
                let need = Need::Answer { response: response.clone() };
                self.need(io, need, MediaNeed::Rewrite { from: Side::B, kind, sdp });
            }
        }
    }

    /// The description of the callee's 2xx has been rewritten, or cannot be.
    pub(super) fn on_answer_media(
        &mut self,
        io: &mut Io,
        now: Instant,
        response: &Message,
        answer: Result<Bytes, MediaFailed>,
    ) {
        if self.stage != Stage::Answering {
            return;
        }
        match answer {
            Ok(sdp) => self.pass_answer(io, now, response, Some(sdp)),
            Err(MediaFailed(refusal)) => self.end_by_us(io, now, refusal),
        }
    }

    /// Hands the 2xx to the caller: both legs are dialogs from here on.
    pub(super) fn pass_answer(&mut self, io: &mut Io, now: Instant, response: &Message, sdp: Option<Bytes>) {
        if self.is_description_open() {
            if let Some(reliable) = &mut self.reliable {
                reliable.held = Some((response.clone(), sdp));
            }
            return;
        }
        if let Some(first) = self.link {
            self.spoken[Side::B as usize] = sdp_of(response).map(|sdp| Bytes::copy_from_slice(&sdp));
            self.told[Side::B as usize] = self.offer.take();
            return io.links.push_back(Link { call: self.key, said: Said::Answered { first } });
        }
        let fork = self.fork(io, self.attempt.unwrap_or_default(), response);
        let tag = self.forks[fork].tag.clone();
        let early = self.forks[fork].ends[Side::A as usize].take();
        let Some(caller) = &self.caller else { return };
        let Some(mut dialog) = Dialog::answering(&caller.message, caller.from, &tag) else {
            return self.end_by_us(io, now, Refusal::new(400, 111, "bad-request"));
        };
        if let Some(early) = early {
            dialog.resume(&early);
        }
        self.legs[Side::A as usize] = Some(dialog);
        let Some(caller) = self.caller.take() else { return };
        let session = self.confirm_session(io, now, Side::A, &caller.message);
        let status = response.status().unwrap_or(200);
        let writer = io.reply(&caller, status, response.reason(), &tag);
        let bytes = self.response_tail(io, writer, Side::A, response, sdp.as_ref(), session).finish();
        self.stage = Stage::Answered;
        self.answered = Some(now);
        self.clear(Alarm::Reliable);
        io.layer.respond(now, caller.transaction, status, bytes.clone());
        self.await_ack(io, now, Side::A, Unconfirmed::new(io, now, &caller, status, bytes));
        self.milestone(io, now, Milestone::Answered { attempt: self.attempt.unwrap_or_default() });
        self.remember(&caller.message, response, sdp, fork);
        if self.told[Side::B as usize].is_some() && self.told[Side::A as usize].is_some() {
            io.media(self.key, MediaNeed::Confirmed);
        }
        self.forks = Vec::new();
        if self.unacknowledged[Side::B as usize].is_none() {
            self.trial = None;
        }
        self.start_funds(io, now);
    }

    /// The target of a transfer has answered, and the side that stays is here: the call is up.
    pub(super) fn begin_joined(&mut self, io: &mut Io, now: Instant) {
        self.caller = None;
        self.stage = Stage::Answered;
        self.answered = Some(now);
        self.forks = Vec::new();
        self.trial = None;
        self.milestone(io, now, Milestone::Answered { attempt: self.attempt.unwrap_or_default() });
        self.start_funds(io, now);
    }

    /// Keeps the descriptions that are in force: for refreshes, and to know one that says nothing new.
    fn remember(&mut self, invite: &Message, response: &Message, sdp: Option<Bytes>, fork: usize) {
        let copy = |sdp: Bytes| Bytes::copy_from_slice(&sdp);
        let early =
            self.forks.get(fork).and_then(|fork| fork.sdp.as_ref()).map(|(seen, _)| copy(seen.clone()));
        self.spoken[Side::A as usize] = sdp_of(invite).map(copy);
        self.told[Side::B as usize] = self.offer.take();
        self.spoken[Side::B as usize] = sdp_of(response).map(copy).or(early);
        self.told[Side::A as usize] = sdp;
    }

    fn milestone(&mut self, io: &mut Io, now: Instant, event: Milestone) {
        io.outputs.push_back(Output::Progress { call: self.key, at: now, event });
    }

    /// The early dialog that a response belongs to, made at its first response.
    fn fork(&mut self, io: &mut Io, attempt: usize, response: &Message) -> usize {
        let remote_tag = response.to_tag().unwrap_or_default();
        let known =
            self.forks.iter().position(|fork| fork.attempt == attempt && *fork.remote_tag == *remote_tag);
        known.unwrap_or_else(|| {
            if self.forks.len() >= FORKS_MAX {
                self.forks.remove(0);
            }
            let tag = io.ids.tag(self.key).into();
            self.forks.reserve_exact(1);
            self.forks.push(Fork {
                attempt,
                remote_tag: remote_tag.into(),
                tag,
                sdp: None,
                rseq: None,
                heard: None,
                ends: [None, None],
            });
            self.forks.len() - 1
        })
    }

    /// The tag that stands for the sender of a response towards the caller.
    pub(super) fn tag_of_fork(&mut self, io: &mut Io, response: &Message) -> Box<str> {
        let fork = self.fork(io, self.attempt.unwrap_or_default(), response);
        self.forks[fork].tag.clone()
    }

    /// Sends the ACK that this leg's 2xx waits for, with an answer if it brought an offer.
    pub(super) fn acknowledge(&mut self, io: &mut Io, side: Side, sdp: Option<&Bytes>) {
        let Some(Unacknowledged { invite, cseq }) = self.unacknowledged[side as usize].take() else { return };
        let branch = io.ids.branch();
        let Some(leg) = self.leg(side) else { return };
        let peer = leg.next_hop();
        let mut writer = leg.request(&Method::Ack, cseq, io.hop(peer.transport, &branch), MAX_FORWARDS);
        let authorization = self.trial.as_ref().filter(|_| side == Side::B);
        if let Some((name, value)) = authorization.and_then(|trial| trial.authorization.as_ref()) {
            writer = writer.header(*name, value);
        }
        let bytes = match sdp {
            Some(sdp) => writer.body(Some(SDP), sdp).finish(),
            None => writer.finish(),
        };
        let remote_tag: Box<str> = leg.remote_tag().into();
        io.layer.ack(invite, &remote_tag, peer, bytes);
    }
}
