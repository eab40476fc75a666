//! Attended transfers between shards. A call stays where it is, on one shard and without a lock: what moves is the end of
//! one dialog, by a bounded message.
//!
//! The shard of the call that is referred asks that of the dialog that Replaces names ([`Word::Sought`]). If it has an
//! answered call there, the dialog of the side that stays goes over ([`Word::Moving`]) and settles in that call, as it
//! would within one shard (`link.rs`). What its far side sends still carries the first shard's number in its tag and comes
//! there: [`Engine::elsewhere`] says where it belongs now, and the driver hands it on. The first call lives on without
//! legs, so that it is recorded with its true length, and each of the two hears of the other's end.

use std::time::Instant;

use super::engine::Engine;
use super::io::Io;
use super::link::{Guest, Link, MovedEnd, Said};
use super::replaces::Replaces;
use super::{CallRef, End, Output, Refusal, Side, ids};
use crate::transaction::Peer;
use crate::wire::{HeaderName, Message, Method};

/// The most shards that are asked one after the other for a dialog that has moved.
const HOPS_MAX: u8 = 8;

/// A call of any shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: u16,
    pub(super) call: CallRef,
}

/// What one shard's engine says to another's: the driver carries it, and hands it in as [`Input::Told`] there.
#[derive(Debug)]
pub struct Word(Box<Saying>);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "always boxed, and said seldom")]
enum Saying {
    /// A REFER names this dialog, which has your number in it.
    Sought { by: Place, wanted: Box<str>, hops: u8 },
    /// It is a side of this answered call.
    Found { call: CallRef, at: Place, wanted: Box<str> },
    /// There is none.
    Missing { call: CallRef, status: u16 },
    /// The end of the side that stays, for the place of the dialog that was found.
    Moving { to: CallRef, wanted: Box<str>, guest: Place, stays: Side, end: MovedEnd },
    /// The call that a leg of yours came from is over.
    Over { call: CallRef, end: End },
    /// The call is over that has the leg of yours; the end is as yours sees it.
    Released { call: CallRef, end: End },
}

impl Io {
    /// Has another shard's engine hear something.
    fn tell(&mut self, shard: u16, saying: Saying) {
        self.outputs.push_back(Output::Tell { shard, word: Word(Box::new(saying)) });
    }

    /// Has the call that a leg has moved to hear of the end of the one that it came from.
    pub(super) fn say_over(&mut self, own: CallRef, other: Place, end: &End) {
        if other.shard == self.ids.shard() {
            let said = Said::Over { other: other.call, end: end.clone() };
            return self.links.push_back(Link { call: own, said });
        }
        self.tell(other.shard, Saying::Over { call: other.call, end: end.clone() });
    }

    /// Has the call that a leg came from hear of the end of the one that has it.
    pub(super) fn say_released(&mut self, own: CallRef, guest: Guest, end: &End) {
        let Guest { home, stays, seat, tag } = guest;
        if let Some(tag) = tag {
            self.adopted.remove(&tag);
        }
        let end = match end.clone() {
            End::Hangup { by, q850 } => {
                End::Hangup { by: if by == seat { stays } else { stays.other() }, q850 }
            }
            end => end,
        };
        if home.shard == self.ids.shard() {
            let said = Said::Released { guest: home.call, end };
            return self.links.push_back(Link { call: own, said });
        }
        self.tell(home.shard, Saying::Released { call: home.call, end });
    }
}

impl Engine {
    /// The shard that a request belongs to whose dialog has moved there: the request is to be handed to it. `None` for one
    /// that is ours, a copy of one that was taken here included.
    #[must_use]
    pub fn elsewhere(&self, from: &Peer, request: &Message) -> Option<u16> {
        if self.io.away == 0 || !request.is_request() {
            return None;
        }
        let to = request.to().ok()?;
        let replaced =
            || (request.method() == Method::Invite).then(|| request.header(HeaderName::Replaces))?;
        let tag = match to.tag() {
            Some(tag) => tag,
            None => Replaces::parse(replaced()?)?.to_tag,
        };
        let call = self.calls.get(self.key_of(tag)?)?;
        let place = call.moved.filter(|place| place.shard != self.io.ids.shard())?;
        let is_ours = call.side_of(request).is_some() || self.knows(from, request);
        (!is_ours).then_some(place.shard)
    }

    /// The call that has the dialog of a local tag, moves within this shard followed.
    pub(super) fn key_of(&self, tag: &str) -> Option<CallRef> {
        let adopted = if self.io.adopted.is_empty() { None } else { self.io.adopted.get(tag).copied() };
        adopted.or_else(|| ids::call_of(tag)).map(|key| self.last_of(key))
    }

    /// Asks the shard whose number a Replaces value carries; `false` where it is our own, or none.
    pub(super) fn seek(&mut self, key: CallRef, wanted: &str) -> bool {
        let Some(tag) = Replaces::parse(wanted).map(|replaces| replaces.to_tag) else { return false };
        let own = self.io.ids.shard();
        let moved = self.key_of(tag).and_then(|key| self.calls.get(key)?.moved).map(|place| place.shard);
        let home = moved.or_else(|| ids::home_of(tag)).filter(|home| *home != own);
        let Some(home) = home.filter(|_| moved.is_some() || !self.io.adopted.contains_key(tag)) else {
            return false;
        };
        let by = Place { shard: own, call: key };
        self.io.tell(home, Saying::Sought { by, wanted: wanted.into(), hops: 0 });
        true
    }

    /// Another shard's engine says something.
    pub(super) fn on_told(&mut self, now: Instant, word: Word) {
        match *word.0 {
            Saying::Sought { by, wanted, hops } => self.on_sought(by, wanted, hops),
            Saying::Found { call, at, wanted } => self.on_found(now, call, at, wanted),
            Saying::Missing { call, status } => {
                self.with(call, |call, io| call.on_transfer_failed(io, now, status));
            }
            Saying::Moving { to, wanted, guest, stays, end } => {
                let found = self.find_replaced(&wanted).filter(|(key, _)| *key == to);
                let Some((key, side)) = found else {
                    self.release_end(now, end);
                    let end = End::Hangup { by: stays.other(), q850: None };
                    return self.io.tell(guest.shard, Saying::Released { call: guest.call, end });
                };
                let tag = end.local_tag();
                self.io.adopted.insert(tag.clone(), key);
                self.take_place(
                    now,
                    key,
                    side,
                    end,
                    Guest { home: guest, stays, seat: side, tag: Some(tag) },
                );
            }
            Saying::Over { call, end } => self.end_with(now, call, end),
            Saying::Released { call, end } => self.with(call, |call, io| call.finish(io, now, end)),
        }
    }

    /// A word of ours could not be handed over: that shard does not exist, or has no room.
    pub(super) fn on_untold(&mut self, now: Instant, word: Word) {
        match *word.0 {
            Saying::Sought { by, .. } => {
                self.with(by.call, |call, io| call.on_transfer_failed(io, now, 481));
            }
            Saying::Moving { guest, end, .. } => {
                self.release_end(now, end);
                let refusal = Refusal::new(503, 41, "platform-unavailable");
                self.with(guest.call, |call, io| call.finish(io, now, End::Refused(refusal)));
            }
            // Each of the two ends by itself, at the latest when its money or its time is over.
            Saying::Found { .. } | Saying::Missing { .. } | Saying::Over { .. } | Saying::Released { .. } => {
            }
        }
    }

    fn on_sought(&mut self, by: Place, wanted: Box<str>, hops: u8) {
        let own = self.io.ids.shard();
        if let Some((call, _)) = self.find_replaced(&wanted) {
            let at = Place { shard: own, call };
            return self.io.tell(by.shard, Saying::Found { call: by.call, at, wanted });
        }
        let key = Replaces::parse(&wanted).and_then(|replaces| self.key_of(replaces.to_tag));
        let moved = key.and_then(|key| self.calls.get(key)?.moved).filter(|place| place.shard != own);
        match moved.filter(|_| hops < HOPS_MAX) {
            Some(place) => self.io.tell(place.shard, Saying::Sought { by, wanted, hops: hops + 1 }),
            None => self.io.tell(by.shard, Saying::Missing { call: by.call, status: 481 }),
        }
    }

    /// The dialog is there: the side that stays goes over.
    fn on_found(&mut self, now: Instant, key: CallRef, at: Place, wanted: Box<str>) {
        let own = self.io.ids.shard();
        let referred = self.calls.get(key).and_then(|call| call.referred.as_ref());
        // Nothing waits where who stays has hung up meanwhile, and a call cannot replace itself.
        let Some(by) = referred.map(|referred| referred.by) else { return };
        if at == (Place { shard: own, call: key }) {
            return self.with(key, |call, io| call.on_transfer_failed(io, now, 481));
        }
        let Some(end) = self.leave(now, key, by, at) else { return };
        let guest = Place { shard: own, call: key };
        self.io.tell(at.shard, Saying::Moving { to: at.call, wanted, guest, stays: by.other(), end });
    }

    /// Hangs up an end that no call has any more.
    fn release_end(&mut self, now: Instant, end: MovedEnd) {
        let mut dialog = end.dialog;
        self.say_bye(now, &mut dialog);
    }
}
