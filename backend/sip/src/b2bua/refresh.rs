//! Requests of our own inside the call: the refreshes of session timers, and the question whether a far side is there.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::transaction::{Failure, Outgoing, Peer};
use crate::wire::{HeaderName, Message, Method};

use super::call::{Call, Need, Stage};
use super::exchange::Exchange;
use super::io::{Alarm, Io, Owner, SDP, sdp_of};
use super::setup::MAX_FORWARDS;
use super::{MediaFailed, MediaNeed, Refusal, SdpKind, Side, policy};

/// The longest that a re-INVITE of either side waits for its final response. After it the other offers may go on.
pub(super) const OFFER_PATIENCE: Duration = Duration::from_secs(60);
/// The steps of the waits of RFC 3261 §14.1, in milliseconds.
const GLARE_STEP_MS: u64 = 10;

impl Call {
    /// Refreshes the session on a leg: by UPDATE where the far side serves it, else by the offer that it knows.
    /// While an offer is under way, a little later.
    pub(super) fn refresh(&mut self, io: &mut Io, now: Instant, side: Side) {
        let by_update = self.sessions[side as usize].has_update && !self.reoffers[side as usize];
        if !by_update && self.is_negotiating() {
            return self.retry_later(io, now, side);
        }
        let method = if by_update { Method::Update } else { Method::Invite };
        self.ask_ourselves(io, now, side, &method);
    }

    /// A side is new in the call: it is offered the description of the other one.
    pub(super) fn on_reoffer(
        &mut self,
        io: &mut Io,
        now: Instant,
        to: Side,
        answer: Result<Bytes, MediaFailed>,
    ) {
        match answer {
            Ok(sdp) => {
                self.told[to as usize] = Some(sdp);
                self.reoffers[to as usize] = true;
                self.refresh(io, now, to);
            }
            Err(MediaFailed(refusal)) => self.end_by_us(io, now, refusal),
        }
    }

    /// The media plane knows the answer of a side that we asked. The other side, which knows another one, hears of it
    /// where it has not just offered itself.
    pub(super) fn on_learned(
        &mut self,
        io: &mut Io,
        now: Instant,
        from: Side,
        answer: Result<Bytes, MediaFailed>,
    ) {
        let other = from.other();
        if !std::mem::take(&mut self.reoffers[from as usize]) {
            return;
        }
        io.media(self.key, MediaNeed::Confirmed);
        if let Ok(sdp) = answer
            && self.guests.iter().any(|guest| guest.seat == from)
            && self.told[other as usize].as_ref() != Some(&sdp)
        {
            self.told[other as usize] = Some(sdp);
            self.refresh_by_offer(io, now, other);
        }
    }

    fn refresh_by_offer(&mut self, io: &mut Io, now: Instant, side: Side) {
        if self.is_negotiating() {
            return self.retry_later(io, now, side);
        }
        self.ask_ourselves(io, now, side, &Method::Invite);
    }

    /// After a glare the owner of the Call-ID waits 2.1 to 4 s, the other side up to 2 s (RFC 3261 §14.1): ours is that
    /// of the callee's leg.
    pub(super) fn retry_later(&mut self, io: &mut Io, now: Instant, side: Side) {
        let steps = |count: u64| GLARE_STEP_MS * (io.ids.number() % count);
        let wait = match side {
            Side::B => 2_100 + steps(191),
            Side::A => steps(201),
        };
        self.set(io, Alarm::Retry(side), now + Duration::from_millis(wait));
    }

    /// The wait after a glare is over.
    pub(super) fn on_retry(&mut self, io: &mut Io, now: Instant, side: Side) {
        if self.stage == Stage::Answered {
            self.refresh(io, now, side);
        }
    }

    pub(super) fn ask_ourselves(&mut self, io: &mut Io, now: Instant, side: Side, method: &Method) {
        let branch = io.ids.branch();
        let is_invite = *method == Method::Invite;
        let offer = self.told[side as usize].clone().filter(|_| is_invite);
        let contact = self.contacts[side as usize].clone();
        let Some(leg) = self.leg_mut(side) else { return };
        let (cseq, mut peer) = (leg.next_cseq(), leg.next_hop());
        let Some(leg) = self.leg(side) else { return };
        let write = |peer: Peer| {
            let writer = leg
                .request(method, cseq, io.hop(peer.transport, &branch), MAX_FORWARDS)
                .header_of(HeaderName::Contact, |value| io.contact(peer.transport, &contact).write(value));
            let writer = io.sign(writer, HeaderName::UserAgent).header(HeaderName::Allow, policy::ALLOW);
            let writer = self.write_session(writer.header(HeaderName::Supported, policy::SUPPORTED), side);
            match &offer {
                Some(offer) => writer.body(Some(SDP), offer).finish(),
                None => writer.finish(),
            }
        };
        let mut bytes = write(peer);
        let grown = self.policies[side as usize].grown(peer, bytes.len());
        if let Some(grown) = grown {
            (peer, bytes) = (grown, write(grown));
        }
        let number = self.next_exchange();
        let outgoing = Outgoing { peer, method, branch: &branch, bytes };
        let Ok(passed) = io.layer.request(now, outgoing, Owner::Exchange(self.key, number)) else {
            return self.retry_later(io, now, side);
        };
        self.exchanges.push(Exchange {
            number,
            side: side.other(),
            asked: None,
            is_invite: false,
            passes_invite: is_invite,
            has_offer: offer.is_some(),
            offered: None,
            passed: Some(passed),
            fork: None,
            is_given_up: false,
            has_grown: grown.is_some(),
        });
        if is_invite {
            self.set(io, Alarm::Stuck, now + OFFER_PATIENCE);
        }
    }

    /// A 2xx to a request of ours on this leg. A description that is not the known one goes to the media plane alone:
    /// the offer was the known one, so the other leg has nothing to learn from its answer.
    pub(super) fn on_own_success(&mut self, io: &mut Io, now: Instant, side: Side, response: &Message) {
        if let Some(sdp) = sdp_of(response).filter(|sdp| self.spoken[side as usize].as_ref() != Some(sdp)) {
            self.spoken[side as usize] = Some(Bytes::copy_from_slice(&sdp));
            self.need(
                io,
                Need::Learn { from: side },
                MediaNeed::Rewrite { from: side, kind: SdpKind::Answer, sdp },
            );
        }
        self.on_refreshed(io, now, side, response);
    }

    /// A request of ours on this leg was refused.
    pub(super) fn on_own_refused(&mut self, io: &mut Io, now: Instant, side: Side, response: &Message) {
        self.on_refreshed(io, now, side, response);
    }

    /// The final response to a refresh of ours on this leg.
    fn on_refreshed(&mut self, io: &mut Io, now: Instant, side: Side, response: &Message) {
        let is_update = response.method() == Method::Update;
        match response.status().unwrap_or(500) {
            200..=299 => self.take_session(io, now, side, response),
            408 | 481 => self.expire(io, now),
            422 => {
                self.raise_session(side, response);
                self.retry_later(io, now, side);
            }
            491 => self.retry_later(io, now, side),
            _ if self.reoffers[side as usize] => {
                self.end_by_us(io, now, Refusal::new(488, 47, "media-unavailable"));
            }
            _ if is_update => {
                // It says that it serves UPDATE, and does not.
                self.sessions[side as usize].has_update = false;
                self.retry_later(io, now, side);
            }
            // The timer runs on; at its end the call is over (RFC 4028 §10).
            _ => {}
        }
    }

    /// There was no response to a request of ours: the far side is gone (RFC 3261 §12.2.1.2). A connection that broke is
    /// none of its doing: the timer runs on.
    pub(super) fn on_own_failed(&mut self, io: &mut Io, now: Instant, failure: Failure) {
        if failure == Failure::Timeout {
            self.expire(io, now);
        }
    }

    /// Asks a far side without timers whether it still knows the dialog.
    pub(super) fn probe(&mut self, io: &mut Io, now: Instant, side: Side) {
        let branch = io.ids.branch();
        let Some(leg) = self.leg_mut(side) else { return };
        let (cseq, peer) = (leg.next_cseq(), leg.next_hop());
        let writer = leg.request(&Method::Options, cseq, io.hop(peer.transport, &branch), MAX_FORWARDS);
        let bytes = io.sign(writer, HeaderName::UserAgent).header(HeaderName::Accept, SDP).finish();
        let outgoing = Outgoing { peer, method: &Method::Options, branch: &branch, bytes };
        // A full layer asks at the next turn.
        let _ = io.layer.request(now, outgoing, Owner::Probe(self.key));
    }

    /// A far side has answered the probe, or has not.
    pub(super) fn on_probed(&mut self, io: &mut Io, now: Instant, result: Result<u16, Failure>) {
        let is_gone = matches!(result, Ok(408 | 481) | Err(Failure::Timeout));
        if is_gone && self.stage == Stage::Answered {
            self.expire(io, now);
        }
    }
}
