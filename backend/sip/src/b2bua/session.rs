//! Session timers (RFC 4028): each leg has its own, whatever runs on the other, so that a far side that has vanished
//! does not leave a call up for ever.
//!
//! Towards a far side without timers we ask OPTIONS in the dialog instead: one that has forgotten it says so.

use std::time::{Duration, Instant};

use crate::header::{Refresher, SessionExpires};
use crate::wire::{HeaderName, Message, Writer};

use super::call::{Call, Stage};
use super::io::{Alarm, Io};
use super::{LegPolicy, Refusal, Side, policy};

/// The smallest interval that RFC 4028 §5 allows, in seconds.
pub(super) const SMALLEST_SECS: u32 = 90;
/// The longest interval that is kept; a far side that asks for more gets this, in seconds.
const LONGEST_SECS: u32 = 86_400;
/// How long before the end of the interval the side that waits for a refresh gives up (RFC 4028 §10).
const GRACE_SECS: u32 = 32;

/// What is known of the timer of one leg.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Session {
    /// The interval in seconds that was agreed; `None` where there is no timer.
    interval: Option<u32>,
    /// Whether we send the refreshes.
    is_ours: bool,
    /// Whether our refresh is under way, or was refused: the alarm that is set is the end.
    is_refreshing: bool,
    /// The largest Min-SE that was heard (RFC 4028 §7.4).
    min: u32,
    /// Whether the far side serves UPDATE (RFC 3311).
    pub(super) has_update: bool,
}

/// The timer that a response of ours confirms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Confirmed {
    seconds: u32,
    refresher: Refresher,
    /// Whether the far side must know timers: it refreshes.
    is_required: bool,
}

impl Confirmed {
    /// Writes Session-Expires, and Require where the far side is to refresh (RFC 4028 §9).
    pub(super) fn write(self, writer: Writer) -> Writer {
        let Self { seconds, refresher, is_required } = self;
        let word = if refresher == Refresher::Uac { "uac" } else { "uas" };
        let writer = writer.header_of(HeaderName::SessionExpires, |value| {
            value.number(seconds).text(";refresher=").text(word)
        });
        if is_required { writer.header(HeaderName::Require, "timer") } else { writer }
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// The smallest interval that a leg takes.
fn smallest(policy: &LegPolicy) -> u32 {
    seconds(policy.session.min).clamp(SMALLEST_SECS, LONGEST_SECS)
}

/// The interval that we ask for.
fn wanted(policy: &LegPolicy, min: u32) -> u32 {
    seconds(policy.session.expires).max(smallest(policy)).max(min).min(LONGEST_SECS)
}

fn asked_of(message: &Message) -> Option<SessionExpires> {
    SessionExpires::parse(message.header(HeaderName::SessionExpires)?).ok()
}

/// The Min-SE of a message, in seconds.
pub(super) fn min_of(message: &Message) -> Option<u32> {
    let value = message.header(HeaderName::MinSe)?;
    value.split(';').next()?.trim_ascii().parse().ok()
}

/// What our INVITE asks of the callee.
pub(super) fn propose(mut writer: Writer, policy: &LegPolicy, min: u32) -> Writer {
    if policy.session.is_offered {
        writer = writer.header_of(HeaderName::SessionExpires, |value| value.number(wanted(policy, min)));
        let least = smallest(policy).max(min);
        if least > SMALLEST_SECS {
            writer = writer.header_fmt(HeaderName::MinSe, least);
        }
    }
    writer
}

impl Call {
    /// The Min-SE to answer 422 with, when a request asks for too short an interval (RFC 4028 §9). One whose sender
    /// knows no timers comes from a proxy, and is raised instead.
    pub(super) fn too_short(&self, side: Side, request: &Message) -> Option<u32> {
        let least = smallest(&self.policies[side as usize]);
        let asked = asked_of(request)?;
        let knows = policy::names(request, HeaderName::Supported, "timer");
        (knows && asked.seconds < least).then_some(least)
    }

    /// Agrees to the timer of a request on this leg that we answer with a 2xx, and starts it.
    pub(super) fn confirm_session(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        request: &Message,
    ) -> Option<Confirmed> {
        let policy = &self.policies[side as usize];
        let knows = policy::names(request, HeaderName::Supported, "timer");
        let least = smallest(policy).max(min_of(request).unwrap_or(0));
        let confirmed = match asked_of(request) {
            Some(asked) => {
                let refresher = match asked.refresher {
                    Some(refresher) if knows => refresher,
                    _ if knows => Refresher::Uac,
                    _ => Refresher::Uas,
                };
                let seconds = asked.seconds.min(wanted(policy, 0)).max(least);
                Some(Confirmed { seconds, refresher, is_required: knows && refresher == Refresher::Uac })
            }
            None if knows && policy.session.is_offered => {
                let seconds = wanted(policy, least);
                Some(Confirmed { seconds, refresher: Refresher::Uac, is_required: true })
            }
            None => None,
        };
        self.hear_methods(side, request);
        let timer = confirmed.map(|timer| (timer.seconds, timer.refresher == Refresher::Uas));
        self.start_session(io, now, side, timer);
        confirmed
    }

    /// Takes the timer of a 2xx to a request of ours on this leg, and starts it (RFC 4028 §7.2).
    pub(super) fn take_session(&mut self, io: &mut Io, now: Instant, side: Side, response: &Message) {
        let timer = asked_of(response).map(|timer| {
            let seconds = timer.seconds.clamp(SMALLEST_SECS, LONGEST_SECS);
            (seconds, timer.refresher != Some(Refresher::Uas))
        });
        self.hear_methods(side, response);
        self.start_session(io, now, side, timer);
    }

    fn hear_methods(&mut self, side: Side, message: &Message) {
        if message.header(HeaderName::Allow).is_some() {
            self.sessions[side as usize].has_update = policy::names(message, HeaderName::Allow, "UPDATE");
        }
    }

    /// Goes on with a timer that ran in another call.
    pub(super) fn resume_session(&mut self, io: &mut Io, now: Instant, side: Side) {
        let session = self.sessions[side as usize];
        let timer = session.interval.map(|seconds| (seconds, session.is_ours));
        self.start_session(io, now, side, timer);
    }

    fn start_session(&mut self, io: &mut Io, now: Instant, side: Side, timer: Option<(u32, bool)>) {
        let is_offered = self.policies[side as usize].session.is_offered;
        let probe = wanted(&self.policies[side as usize], 0) / 2;
        let session = &mut self.sessions[side as usize];
        session.interval = timer.map(|(seconds, _)| seconds);
        session.is_ours = timer.is_none_or(|(_, is_ours)| is_ours);
        session.is_refreshing = false;
        let wait = match timer {
            Some((seconds, true)) => seconds / 2,
            Some((seconds, false)) => seconds - GRACE_SECS.min(seconds / 3),
            None if is_offered => probe,
            None => return self.clear(Alarm::Session(side)),
        };
        self.set(io, Alarm::Session(side), now + Duration::from_secs(wait.into()));
    }

    /// Session-Expires and Min-SE of a request of ours on this leg that refreshes its session: the refresher stays
    /// who it was (RFC 4028 §7.4).
    pub(super) fn write_session(&self, mut writer: Writer, side: Side) -> Writer {
        let (session, policy) = (&self.sessions[side as usize], &self.policies[side as usize]);
        let role = if session.is_ours { "uac" } else { "uas" };
        if let Some(seconds) = session.interval {
            let seconds = seconds.max(session.min);
            writer =
                writer.header_fmt(HeaderName::SessionExpires, format_args!("{seconds};refresher={role}"));
            let least = smallest(policy).max(session.min);
            if least > SMALLEST_SECS {
                writer = writer.header_fmt(HeaderName::MinSe, least);
            }
        }
        writer
    }

    /// The far side finds our interval too short: the next refresh asks for its least.
    pub(super) fn raise_session(&mut self, side: Side, response: &Message) {
        let session = &mut self.sessions[side as usize];
        session.min = session.min.max(min_of(response).unwrap_or(0)).min(LONGEST_SECS);
    }

    /// Half the interval has passed, or all of it.
    pub(super) fn on_session(&mut self, io: &mut Io, now: Instant, side: Side) {
        if self.stage != Stage::Answered {
            return;
        }
        let session = &mut self.sessions[side as usize];
        match session.interval {
            None => {
                self.start_session(io, now, side, None);
                self.probe(io, now, side);
            }
            Some(_) if session.is_ours && !session.is_refreshing => {
                self.end_session_in(io, now, side);
                self.refresh(io, now, side);
            }
            Some(_) => self.expire(io, now),
        }
    }

    /// From now on the alarm is the end of the session: half of the interval is left.
    fn end_session_in(&mut self, io: &mut Io, now: Instant, side: Side) {
        let session = &mut self.sessions[side as usize];
        session.is_refreshing = true;
        let half = session.interval.unwrap_or(SMALLEST_SECS) / 2;
        self.set(io, Alarm::Session(side), now + Duration::from_secs(half.into()));
    }

    /// A far side has not confirmed that it is still there: both legs get a BYE (RFC 4028 §10).
    pub(super) fn expire(&mut self, io: &mut Io, now: Instant) {
        self.end_by_us(io, now, Refusal::new(408, 102, "session-expired"));
    }
}
