//! From the verdict to an INVITE at the callee, and on to the next attempt when one fails.

use std::time::Instant;

use bytes::Bytes;

use crate::transaction::Failure;
use crate::wire::{HeaderName, Message};

use super::call::{Call, Need, Stage};
use super::io::{Alarm, Io, q850_of, sdp_of};
use super::trial::Trial;
use super::{
    End, MediaFailed, MediaNeed, OfferPolicy, Plan, Refusal, Reliability, SdpKind, Side, Verdict, policy,
};

/// What Max-Forwards counts from when a request has none (RFC 3261 §8.1.1.6).
pub(super) const MAX_FORWARDS: u32 = 70;

/// How an attempt failed.
pub(super) enum Failed<'a> {
    /// With a final response of the callee.
    Response(&'a Message),
    /// Without one.
    Nothing(Failure),
}

impl Failed<'_> {
    fn status(&self) -> u16 {
        match self {
            Self::Response(response) => response.status().unwrap_or(500),
            Self::Nothing(failure) => failure.status(),
        }
    }
}

impl Call {
    pub(super) fn on_verdict(&mut self, io: &mut Io, now: Instant, verdict: Verdict) {
        if self.stage != Stage::Deciding {
            return;
        }
        self.clear(Alarm::Patience);
        match verdict {
            Verdict::Refuse(refusal) => self.end_by_us(io, now, refusal),
            Verdict::Announce { refusal, lasts } => self.announce(io, now, refusal, lasts),
            Verdict::Connect(plan) => self.connect(io, now, plan),
        }
    }

    fn connect(&mut self, io: &mut Io, now: Instant, plan: Plan) {
        let Some(caller) = &self.caller else { return };
        let offer = sdp_of(&caller.message);
        let needs_offer = plan.caller.offer == OfferPolicy::Required;
        let refusal = match caller.message.max_forwards() {
            Some(0) => Some(Refusal::new(483, 25, "routing-loop")),
            _ if plan.attempts.is_empty() => Some(Refusal::new(404, 3, "no-route")),
            _ if offer.is_none() && needs_offer => Some(Refusal::new(488, 79, "media-unavailable")),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return self.end_by_us(io, now, refusal);
        }
        self.policies[Side::A as usize] = plan.caller.clone();
        if self.refuse_extension(io, now) {
            return;
        }
        let Some(caller) = &self.caller else { return };
        if offer.is_none() && !caller.message.body().is_empty() {
            return self.end_by_us(io, now, Refusal::new(415, 79, "media-unavailable"));
        }
        // The callee's first description is made for whoever is tried first.
        if let Some(first) = plan.attempts.first() {
            self.policies[Side::B as usize] = first.leg.clone();
        }
        self.plan = Some(Box::new(plan));
        self.set(io, Alarm::Ring, now + io.config.ring_timeout);
        match offer {
            Some(sdp) => {
                self.stage = Stage::Offering;
                let need = Need::Offer { index: 0 };
                self.need(io, need, MediaNeed::Rewrite { from: Side::A, kind: SdpKind::Offer, sdp });
            }
            None => self.begin_attempts(io, now),
        }
    }

    /// Refuses what the policy of the caller's leg does not serve: reliable responses (420), too short an interval of
    /// the session timer (422).
    fn refuse_extension(&mut self, io: &mut Io, now: Instant) -> bool {
        let Some(caller) = &self.caller else { return false };
        let is_off = self.policies[Side::A as usize].reliability == Reliability::Off;
        let refused = if is_off && policy::names(&caller.message, HeaderName::Require, "100rel") {
            let writer = io.reply(caller, 420, "", &self.own_tag);
            Some((420, writer.header(HeaderName::Unsupported, "100rel")))
        } else if let Some(min) = self.too_short(Side::A, &caller.message) {
            let writer = io.reply(caller, 422, "", &self.own_tag);
            Some((422, writer.header_fmt(HeaderName::MinSe, min)))
        } else {
            None
        };
        let Some((status, writer)) = refused else { return false };
        io.send_reply(now, caller, status, writer);
        self.caller = None;
        self.finish(io, now, End::Refused(Refusal::new(status, 127, "callee-failed")));
        true
    }

    /// The caller's offer has been rewritten for an attempt, or cannot be.
    pub(super) fn on_offer(
        &mut self,
        io: &mut Io,
        now: Instant,
        index: usize,
        answer: Result<Bytes, MediaFailed>,
    ) {
        if self.stage != Stage::Offering {
            return;
        }
        match answer {
            Ok(offer) => {
                self.offer = Some(offer);
                self.stage = Stage::Calling;
                self.try_from(io, now, index);
            }
            Err(MediaFailed(refusal)) => self.end_by_us(io, now, refusal),
        }
    }

    fn begin_attempts(&mut self, io: &mut Io, now: Instant) {
        self.stage = Stage::Calling;
        self.try_from(io, now, 0);
    }

    /// Sends the INVITE of this attempt. A full transaction layer counts as a peer out of reach.
    fn try_from(&mut self, io: &mut Io, now: Instant, index: usize) {
        self.attempt = Some(index);
        let (tag, call_id) = (io.ids.tag(self.key), io.ids.call_id());
        self.callee_call_id = Some(call_id.into());
        self.trial = Some(Box::new(Trial::new(tag)));
        if let Some(leg) = self.current().map(|attempt| attempt.leg.clone()) {
            self.policies[Side::B as usize] = leg;
        }
        if !self.send_invite(io, now) {
            self.on_attempt_failed(io, now, index, &Failed::Nothing(Failure::Transport));
        }
    }

    /// An attempt is over without success: the next one, or the failure to the caller.
    pub(super) fn on_attempt_failed(&mut self, io: &mut Io, now: Instant, index: usize, failed: &Failed<'_>) {
        if self.stage != Stage::Calling || self.attempt != Some(index) {
            return;
        }
        let status = failed.status();
        self.invite = None;
        let has_grown = self.trial.take().is_some_and(|trial| trial.has_grown);
        if matches!(failed, Failed::Nothing(Failure::Transport)) && has_grown {
            if let Some(attempt) = self.plan.as_mut().and_then(|plan| plan.attempts.get_mut(index)) {
                attempt.shrink();
            }
            return self.try_from(io, now, index);
        }
        self.tried.push((index, status));
        let Some(plan) = &self.plan else { return };
        // A global failure is the callee's word for all its places (RFC 3261 §21.6).
        let moves_on = status < 600
            && plan
                .attempts
                .get(index)
                .is_some_and(|attempt| attempt.next_on_any_failure || attempt.failover_on.contains(&status));
        if moves_on && index + 1 < plan.attempts.len() {
            return self.try_next(io, now, index + 1);
        }
        let is_announced = match failed {
            Failed::Response(response) => self.announce_busy(io, response),
            Failed::Nothing(_) => false,
        };
        if !is_announced {
            self.fail(io, now, failed);
        }
    }

    /// Goes on to the next attempt, with a description of its own where one of the two has keys in it: keys are for one only.
    fn try_next(&mut self, io: &mut Io, now: Instant, index: usize) {
        let next =
            self.plan.as_ref().and_then(|plan| plan.attempts.get(index)).map(|attempt| attempt.leg.clone());
        let before = self.policies[Side::B as usize].encryption;
        let has_keys = next.as_ref().is_some_and(|next| before.offers() || next.encryption.offers());
        let offer = self.caller.as_ref().filter(|_| has_keys).and_then(|caller| sdp_of(&caller.message));
        let (Some(leg), Some(sdp)) = (next, offer) else { return self.try_from(io, now, index) };
        self.policies[Side::B as usize] = leg;
        self.stage = Stage::Offering;
        let need = Need::Offer { index };
        self.need(io, need, MediaNeed::Rewrite { from: Side::A, kind: SdpKind::Offer, sdp });
    }

    /// Passes the failure on to the caller as it is (status, phrase and body). A challenge that was ours to answer and a
    /// redirection that is ours to follow are none of the caller's business: it gets 403 or 480.
    pub(super) fn fail(&mut self, io: &mut Io, now: Instant, failed: &Failed<'_>) {
        match failed {
            Failed::Response(response) => {
                let (status, body) = (failed.status(), response.body());
                let has_body = !body.is_empty() && sdp_of(response).is_none();
                if let Some(caller) = self.caller.take() {
                    let tag = self.tag_of_fork(io, response);
                    let (status, reason) = match status {
                        401 | 407 => (403, ""),
                        300..=399 => (480, ""),
                        status => (status, response.reason()),
                    };
                    let writer = io.reply(&caller, status, reason, &tag);
                    let way = self.way(io, Side::A);
                    let mut writer = policy::pass(writer, response, way, has_body, |_| false);
                    if has_body {
                        writer = writer.body(response.header(HeaderName::ContentType), &body);
                    }
                    io.send_reply(now, &caller, status, writer);
                }
                self.finish(io, now, End::Failed { status, q850: q850_of(response) });
            }
            Failed::Nothing(failure) => {
                let refusal = match failure {
                    Failure::Timeout => Refusal::new(408, 102, "unreachable"),
                    Failure::Transport => Refusal::new(503, 38, "unreachable"),
                };
                self.refuse_caller(io, now, &refusal);
                self.finish(
                    io,
                    now,
                    match failure {
                        Failure::Timeout => End::Failed { status: 408, q850: None },
                        Failure::Transport => End::TransportFailed,
                    },
                );
            }
        }
    }

    /// Nobody answered in time.
    pub(super) fn on_ring_timeout(&mut self, io: &mut Io, now: Instant) {
        if matches!(self.stage, Stage::Offering | Stage::Calling) {
            let refusal = Refusal::new(480, 19, "no-answer");
            self.cancel_callee(io, now, Some(&refusal));
            self.refuse_caller(io, now, &refusal);
            self.finish(io, now, End::NoAnswer);
        }
    }
}

/// Max-Forwards of a request that is passed on.
pub(super) fn hops_left(request: &Message) -> u32 {
    request.max_forwards().unwrap_or(MAX_FORWARDS).min(255).saturating_sub(1)
}
