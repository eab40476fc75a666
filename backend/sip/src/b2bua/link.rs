//! Calls that hang together by a transfer: what one says to another, and a dialog that moves between them.

use std::time::Instant;

use bytes::Bytes;

use crate::dialog::Dialog;

use super::across::Place;
use super::call::{Call, Need};
use super::engine::Engine;
use super::io::{Alarm, Asked, Io};
use super::session::Session;
use super::{CallRef, End, LegPolicy, MediaNeed, Refusal, SdpKind, Side};

/// The most moves that a request is followed through.
const MOVES_MAX: usize = 8;

/// A word of one call to those that hang together with it, worked off after the call has let go.
#[derive(Debug)]
pub(super) struct Link {
    /// Who says it.
    pub(super) call: CallRef,
    pub(super) said: Said,
}

/// What calls say to each other.
#[derive(Debug)]
pub(super) enum Said {
    /// A REFER has come.
    Referred { by: Side, asked: Box<Asked> },
    /// The target of the transfer rings.
    Rings { first: CallRef, status: u16 },
    /// The target has answered.
    Answered { first: CallRef },
    /// The transfer has failed before an answer.
    Failed { first: CallRef, status: u16 },
    /// The call that a transfer was for is over, or the call whose legs it has taken.
    Over { other: CallRef, end: End },
    /// The call that carried the leg of this guest is over; the end is as the guest sees it.
    Released { guest: CallRef, end: End },
}

/// An end of a call, on its way into another one.
#[derive(Debug)]
pub(super) struct MovedEnd {
    pub(super) dialog: Dialog,
    contact: Box<str>,
    policy: LegPolicy,
    session: Session,
    spoken: Option<Bytes>,
}

impl MovedEnd {
    /// Our tag of the dialog.
    pub(super) fn local_tag(&self) -> Box<str> {
        self.dialog.local_tag().into()
    }
}

/// A call whose leg is in another one.
#[derive(Debug)]
pub(super) struct Guest {
    /// Which one.
    pub(super) home: Place,
    /// Its side that stayed.
    pub(super) stays: Side,
    /// The side that it has in the other one.
    pub(super) seat: Side,
    /// Our tag of its dialog, where that came from another shard.
    pub(super) tag: Option<Box<str>>,
}

impl Engine {
    /// Works off what calls have said to each other.
    pub(super) fn settle_links(&mut self, now: Instant) {
        while let Some(Link { call, said }) = self.io.links.pop_front() {
            match said {
                Said::Referred { by, asked } => self.on_referred(now, call, by, &asked),
                Said::Rings { first, status } => self.with(first, |call, io| call.notify(io, now, status)),
                Said::Answered { first } => self.on_target_answered(now, first, call),
                Said::Failed { first, status } => {
                    self.with(first, |first, io| first.on_transfer_failed(io, now, status));
                }
                Said::Over { other, end } => self.end_with(now, other, end),
                Said::Released { guest, end } => {
                    self.with(guest, |guest, io| guest.finish(io, now, end));
                }
            }
            self.settle(now);
        }
    }

    /// Ends a call because one that it hangs together with has ended.
    pub(super) fn end_with(&mut self, now: Instant, key: CallRef, end: End) {
        let refusal = match end {
            End::Refused(refusal) => refusal,
            _ => Refusal::new(487, 16, "cancelled"),
        };
        self.with(key, |call, io| call.end_by_us(io, now, refusal));
    }

    /// The call that a key leads to, by way of the transfers that moved its legs within this shard.
    pub(super) fn last_of(&self, key: CallRef) -> CallRef {
        let mut key = key;
        for _ in 0..MOVES_MAX {
            match self.calls.get(key).and_then(|call| call.moved) {
                Some(next) if next.shard == self.io.ids.shard() => key = next.call,
                Some(_) | None => break,
            }
        }
        key
    }

    /// The target of a blind transfer has answered: the side that stays moves into its call.
    fn on_target_answered(&mut self, now: Instant, first: CallRef, transfer: CallRef) {
        let by = self.calls.get(first).and_then(|call| call.referred.as_ref()).map(|referred| referred.by);
        let shard = self.io.ids.shard();
        let end = by.and_then(|by| self.leave(now, first, by, Place { shard, call: transfer }));
        let (Some(by), Some(end)) = (by, end) else {
            let refusal = Refusal::new(487, 16, "cancelled");
            return self.with(transfer, |call, io| call.end_by_us(io, now, refusal));
        };
        self.with(transfer, |call, io| {
            let home = Place { shard, call: first };
            call.guests.push(Guest { home, stays: by.other(), seat: Side::A, tag: None });
            call.link = None;
            call.settle_in(io, now, Side::A, end);
            call.begin_joined(io, now);
            call.reoffer_from(io, Side::B);
        });
    }

    /// Takes the side that stays out of a call; who referred is told and hung up. The call lives on without legs.
    pub(super) fn leave(&mut self, now: Instant, key: CallRef, by: Side, next: Place) -> Option<MovedEnd> {
        let call = self.calls.get_mut(key)?;
        call.referred.as_ref()?;
        let io = &mut self.io;
        call.acknowledge(io, by.other(), None);
        call.notify(io, now, 200);
        call.referred = None;
        let end = call.take_end(by.other())?;
        call.moved = Some(next);
        io.away += usize::from(next.shard != io.ids.shard());
        call.hang_up(io, now, by, None, None);
        if call.bye_at_ack.is_none() {
            call.legs[by as usize] = None;
        }
        for alarm in [Alarm::Session(Side::A), Alarm::Session(Side::B), Alarm::Stuck] {
            call.clear(alarm);
        }
        for asked in std::mem::take(&mut call.exchanges).into_iter().filter_map(|exchange| exchange.asked) {
            io.answer(now, &asked, 487, "");
        }
        Some(end)
    }
}

impl Call {
    fn take_end(&mut self, side: Side) -> Option<MovedEnd> {
        let at = side as usize;
        self.unconfirmed[at] = None;
        self.clear(Alarm::Resend(side));
        Some(MovedEnd {
            dialog: self.legs[at].take()?,
            contact: self.contacts[at].clone(),
            policy: self.policies[at].clone(),
            session: self.sessions[at],
            spoken: self.spoken[at].clone(),
        })
    }

    /// Takes the end of another call in place of its own on this side.
    pub(super) fn settle_in(&mut self, io: &mut Io, now: Instant, side: Side, end: MovedEnd) {
        let at = side as usize;
        let MovedEnd { dialog, contact, policy, session, spoken } = end;
        self.unconfirmed[at] = None;
        self.clear(Alarm::Resend(side));
        self.legs[at] = Some(dialog);
        (self.contacts[at], self.policies[at], self.sessions[at]) = (contact, policy, session);
        (self.spoken[at], self.told[at]) = (spoken, None);
        self.resume_session(io, now, side);
    }

    /// Offers the description of one side to the other, which is new.
    pub(super) fn reoffer_from(&mut self, io: &mut Io, from: Side) {
        if let Some(sdp) = self.spoken[from as usize].clone() {
            let need = Need::Reoffer { to: from.other() };
            self.need(io, need, MediaNeed::Rewrite { from, kind: SdpKind::Offer, sdp });
        }
    }

    /// What calls that hang together with this one hear of its end.
    pub(super) fn release_links(&mut self, io: &mut Io, end: &End) {
        let own = self.key;
        let mut say = |said| io.links.push_back(Link { call: own, said });
        if let Some(first) = self.link.take() {
            let status = match end {
                End::Refused(refusal) => refusal.status,
                End::Failed { status, .. } => *status,
                End::NoAnswer => 480,
                End::TransportFailed => 503,
                End::Cancelled | End::Hangup { .. } => 487,
            };
            say(Said::Failed { first, status });
        }
        if let Some(referred) = self.referred.take().filter(|referred| referred.call != own) {
            say(Said::Over { other: referred.call, end: end.clone() });
        }
        if let Some(other) = self.moved {
            io.say_over(own, other, end);
        }
        for guest in std::mem::take(&mut self.guests) {
            io.say_released(own, guest, end);
        }
    }
}
