//! Requests in early dialogs: PRACK, UPDATE (RFC 3311) and BYE, before the call is answered.

use std::time::Instant;

use crate::dialog::Dialog;
use crate::wire::{HeaderName, Message, Method};

use super::call::Call;
use super::engine::Engine;
use super::io::{Asked, Io, sdp_of};
use super::{Side, policy};

impl Engine {
    /// A request in an early dialog of the call. BYE of the caller ends it like a CANCEL (RFC 3261 §15); what is
    /// neither PRACK nor UPDATE is too early.
    pub(super) fn on_early_request(&mut self, now: Instant, key: u64, asked: Asked) {
        let side = self.calls.get(key).and_then(|call| call.early_side_of(&asked.message));
        let Some(side) = side else { return self.answer(now, &asked, 481) };
        match (asked.message.method(), side) {
            (Method::Bye, Side::A) => {
                self.answer(now, &asked, 200);
                self.with(key, |call, io| call.on_cancel(io, now, &asked.message));
            }
            (Method::Prack, Side::A) => self.with(key, |call, io| call.on_prack(io, now, asked)),
            (Method::Prack, Side::B) => self.answer(now, &asked, 481),
            (Method::Update, _) => self.with(key, |call, io| call.on_early_update(io, now, side, asked)),
            _ => self.answer(now, &asked, 500),
        }
    }
}

impl Call {
    /// Whose early dialog a request belongs to: by Call-ID and both tags.
    fn early_side_of(&self, request: &Message) -> Option<Side> {
        let remote = request.from().ok()?.tag();
        let is_callers = self.caller.as_ref().is_some_and(|caller| {
            let tag = caller.message.from().ok().and_then(|from| from.tag());
            caller.message.call_id() == request.call_id() && tag == remote
        });
        if is_callers {
            return Some(Side::A);
        }
        let local = request.to().ok()?.tag();
        let is_ours = self.trial.as_ref().is_some_and(|trial| local == Some(&*trial.tag));
        let is_callees = is_ours && self.callee_call_id.as_deref() == request.call_id();
        let is_known = self.forks.iter().any(|fork| Some(&*fork.remote_tag) == remote);
        (is_callees && is_known).then_some(Side::B)
    }

    /// An UPDATE before the answer. With an offer it crosses where the first answer has reached both sides and the other
    /// side serves UPDATE, too; else it is refused with 488, and the sides go on as they were.
    fn on_early_update(&mut self, io: &mut Io, now: Instant, side: Side, asked: Asked) {
        let tag = match side {
            Side::A => asked.message.to().ok().and_then(|to| to.tag()),
            Side::B => asked.message.from().ok().and_then(|from| from.tag()),
        };
        let place = self.forks.iter().position(|fork| {
            let own = if side == Side::A { &fork.tag } else { &fork.remote_tag };
            Some(&**own) == tag
        });
        let Some(place) = place else { return io.answer(now, &asked, 481, "") };
        self.open_early(place);
        let other = side.other();
        let is_answered = self.forks[place].sdp.is_some() && !self.is_description_open();
        let fork = &mut self.forks[place];
        let tag = fork.tag.clone();
        let Some(own) = &mut fork.ends[side as usize] else { return io.answer(now, &asked, 500, "") };
        if !own.take(&asked.message, asked.from) {
            return io.answer(now, &asked, 500, "");
        }
        let has_update = fork.ends[other as usize].is_some() && self.serves_update(other, place);
        match sdp_of(&asked.message) {
            Some(_) if !is_answered => io.answer(now, &asked, 491, ""),
            Some(_) if !has_update => io.answer(now, &asked, 488, ""),
            _ => self.on_ask(io, now, side, asked, Some(tag)),
        }
    }

    /// Makes the two ends of an early dialog, where they are not there yet.
    pub(super) fn open_early(&mut self, place: usize) {
        let caller = self.caller.as_ref();
        let fork = &mut self.forks[place];
        if fork.ends[Side::A as usize].is_none() {
            let end = caller.and_then(|caller| Dialog::answering(&caller.message, caller.from, &fork.tag));
            fork.ends[Side::A as usize] = end.map(Box::new);
        }
        if fork.ends[Side::B as usize].is_none() {
            let end = fork.heard.as_ref().and_then(|(from, response)| Dialog::asking(response, *from));
            fork.ends[Side::B as usize] = end.map(Box::new);
        }
    }

    fn serves_update(&self, side: Side, place: usize) -> bool {
        match side {
            Side::A => self
                .caller
                .as_ref()
                .is_some_and(|caller| policy::names(&caller.message, HeaderName::Allow, "UPDATE")),
            Side::B => self.forks[place].heard.is_some(),
        }
    }
}
