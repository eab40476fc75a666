//! Announcements: what a caller hears before its call is refused, and a side before its call ends for want of money.
//!
//! The engine knows nothing of audio: it says when, to whom and for how long at most ([`Output::Play`]), and goes on by its own alarms.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::wire::{HeaderName, Message};

use super::call::{Call, Need, Stage};
use super::io::{Alarm, Io, SDP, sdp_of};
use super::setup::Failed;
use super::{MediaFailed, MediaNeed, Milestone, Output, Refusal, Reliability, Side, policy, reliable};

/// The longest time that a caller hears why its call is refused.
pub const ANNOUNCEMENT_MAX: Duration = Duration::from_secs(30);
/// The share of [`Plan::extend_lead`](super::Plan::extend_lead) that a farewell may take: what is left is for the question for more money.
const FAREWELL_SHARE: (u32, u32) = (4, 5);

/// What a side hears before its call ends because the money has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
    /// Who hears it.
    pub side: Side,
    /// How long before the end it begins; four fifths of the lead at most.
    pub lasts: Duration,
}

/// What is played, of what the driver keeps for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// Why we refuse the call.
    Refusal,
    /// That the callee is busy.
    Busy,
    /// That the money has run out.
    Farewell,
}

/// An announcement that is heard before a call fails.
#[derive(Debug)]
pub(super) struct Announcing {
    then: Then,
    lasts: Duration,
}

/// How a call fails after its announcement.
#[derive(Debug)]
enum Then {
    Refuse(Refusal),
    /// With this final response of the callee.
    Fail(Message),
}

impl Announcing {
    const fn what(&self) -> Played {
        match self.then {
            Then::Refuse(_) => Played::Refusal,
            Then::Fail(_) => Played::Busy,
        }
    }
}

impl Call {
    /// Has the caller hear why its call is refused, as early media, and refuses it then. Where it offered no media, or serves no
    /// reliable responses as its leg wants them, it is refused at once.
    pub(super) fn announce(&mut self, io: &mut Io, now: Instant, refusal: Refusal, lasts: Duration) {
        match self.announceable(lasts) {
            Some(sdp) => self.begin_announcing(io, Then::Refuse(refusal), lasts, sdp),
            None => self.end_by_us(io, now, refusal),
        }
    }

    /// Has the caller hear that the callee is busy, where the plan says so and it hears nothing of the callee; whether it does. The
    /// callee's response goes to it after that.
    pub(super) fn announce_busy(&mut self, io: &mut Io, response: &Message) -> bool {
        let is_busy = matches!(response.status(), Some(486 | 600)) && !self.had_early_media;
        let busy = self.plan.as_mut().and_then(|plan| plan.busy.take()).filter(|_| is_busy);
        let Some(lasts) = busy else { return false };
        let Some(sdp) = self.announceable(lasts) else { return false };
        self.begin_announcing(io, Then::Fail(response.clone()), lasts, sdp);
        true
    }

    fn begin_announcing(&mut self, io: &mut Io, then: Then, lasts: Duration, sdp: Bytes) {
        self.stage = Stage::Announcing;
        self.clear(Alarm::Ring);
        self.announcing = Some(Box::new(Announcing { then, lasts: lasts.min(ANNOUNCEMENT_MAX) }));
        self.need(io, Need::Announce, MediaNeed::Announce { sdp });
    }

    /// The caller's offer, where it can be answered for an announcement.
    fn announceable(&self, lasts: Duration) -> Option<Bytes> {
        let caller = self.caller.as_ref().filter(|_| !lasts.is_zero() && self.link.is_none())?;
        let cannot = policy::names(&caller.message, HeaderName::Require, "100rel")
            && self.policies[Side::A as usize].reliability == Reliability::Off;
        sdp_of(&caller.message).filter(|_| !cannot && !self.is_description_open())
    }

    /// The media plane has answered the caller's offer itself, or cannot.
    pub(super) fn on_announce(&mut self, io: &mut Io, now: Instant, answer: Result<Bytes, MediaFailed>) {
        if self.stage != Stage::Announcing {
            return;
        }
        let known = self.announcing.as_ref().map(|announcing| (announcing.lasts, announcing.what()));
        let (Ok(sdp), Some((lasts, what))) = (answer, known) else {
            return self.on_announced(io, now);
        };
        let Some(caller) = &self.caller else { return };
        let is_reliable = reliable::is_wanted(&self.policies[Side::A as usize], &caller.message);
        let number = if is_reliable { self.next_rseq(io) } else { 0 };
        let Some(caller) = &self.caller else { return };
        let transport = caller.from.transport;
        let mut writer = io
            .reply(caller, 183, "", &self.own_tag)
            .header_of(HeaderName::Contact, |value| {
                io.contact(transport, &self.contacts[Side::A as usize]).write(value)
            })
            .header(HeaderName::Allow, policy::ALLOW);
        if is_reliable {
            writer = writer.header(HeaderName::Require, "100rel").header_fmt(HeaderName::RSeq, number);
            let bytes = writer.body(Some(SDP), &sdp).finish();
            self.send_reliable(io, now, 183, bytes, true);
        } else {
            io.send_reply(now, caller, 183, writer.body(Some(SDP), &sdp));
        }
        self.had_early_media = true;
        io.outputs.push_back(Output::Progress { call: self.key, at: now, event: Milestone::EarlyMedia });
        io.outputs.push_back(Output::Play { call: self.key, to: Side::A, what, lasts });
        self.set(io, Alarm::Announced, now + lasts);
    }

    /// The announcement is over: the call is refused.
    pub(super) fn on_announced(&mut self, io: &mut Io, now: Instant) {
        let Some(announcing) = self.announcing.take() else { return };
        match announcing.then {
            Then::Refuse(refusal) => self.end_by_us(io, now, refusal),
            Then::Fail(response) => self.fail(io, now, &Failed::Response(&response)),
        }
    }

    /// The money will have run out in a moment: a side hears it, where the plan says so.
    pub(super) fn on_farewell(&mut self, io: &mut Io, now: Instant) {
        let Some(farewell) = self.plan.as_ref().and_then(|plan| plan.farewell) else { return };
        let Some(end) = self.alarm(Alarm::Exhausted).filter(|_| self.stage == Stage::Answered) else {
            return;
        };
        self.is_leaving = true;
        let lasts = end.saturating_duration_since(now);
        io.outputs.push_back(Output::Play {
            call: self.key,
            to: farewell.side,
            what: Played::Farewell,
            lasts,
        });
    }

    /// The paid time ends at `end`: when a side is to hear it. Whoever hears it already hears it no more.
    pub(super) fn set_farewell(&mut self, io: &mut Io, now: Instant, end: Instant) {
        let Some(plan) = &self.plan else { return };
        let (Some(farewell), lead) = (plan.farewell, plan.extend_lead) else { return };
        if std::mem::take(&mut self.is_leaving) {
            io.outputs.push_back(Output::Hush { call: self.key, to: farewell.side });
        }
        let lasts = farewell.lasts.min(lead * FAREWELL_SHARE.0 / FAREWELL_SHARE.1);
        if !lasts.is_zero() {
            self.set(io, Alarm::Farewell, end.checked_sub(lasts).unwrap_or(now).max(now));
        }
    }
}
