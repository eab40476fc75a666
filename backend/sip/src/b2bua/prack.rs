//! An offer in a PRACK of the caller (RFC 3262 §5, RFC 6337 §2.2): it is passed to the callee as an UPDATE where that serves
//! it; else the media plane learns it, and what the callee said last is its answer.

use std::time::Instant;

use bytes::Bytes;

use super::call::{Call, Need, Stage};
use super::exchange::Exchange;
use super::io::{Asked, Io, SDP};
use super::{MediaFailed, MediaNeed, SdpKind, Side};
use crate::wire::Method;

impl Call {
    /// The offer of a PRACK that has confirmed a response of ours.
    pub(super) fn on_prack_offer(&mut self, io: &mut Io, now: Instant, asked: Asked, offer: Bytes) {
        let tag = asked.message.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let Some(place) = self.forks.iter().position(|fork| &*fork.tag == tag) else {
            return io.answer(now, &asked, 481, "");
        };
        self.open_early(place);
        if let Some(own) = &mut self.forks[place].ends[Side::A as usize]
            && !own.take(&asked.message, asked.from)
        {
            return io.answer(now, &asked, 500, "");
        }
        // Before the first answer is through, an offer of the caller would be its second one at once.
        let is_early = self.forks[place].sdp.is_none() || self.is_description_open();
        if is_early || self.is_negotiating() {
            return io.answer(now, &asked, 491, "");
        }
        let fork = &self.forks[place];
        let has_end = fork.ends[Side::B as usize].is_some() && fork.heard.is_some();
        if self.stage == Stage::Calling && has_end {
            let tag = fork.tag.clone();
            return self.on_ask(io, now, Side::A, asked, Some(tag));
        }
        self.answer_prack_here(io, asked, offer);
    }

    /// The callee cannot be asked: the media plane takes the offer, and the callee's latest description answers it.
    fn answer_prack_here(&mut self, io: &mut Io, asked: Asked, offer: Bytes) {
        let tag = asked.message.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let fork = self.forks.iter().find(|fork| &*fork.tag == tag);
        let Some(spoken) = fork.and_then(|fork| fork.sdp.as_ref()).map(|(spoken, _)| spoken.clone()) else {
            return;
        };
        let need = MediaNeed::Rewrite { from: Side::A, kind: SdpKind::Offer, sdp: offer };
        self.need(io, Need::PrackOffer, need);
        let need = MediaNeed::Rewrite { from: Side::B, kind: SdpKind::Answer, sdp: spoken };
        self.need(io, Need::PrackAnswer { asked: Box::new(asked) }, need);
    }

    /// The callee's description has been rewritten as the answer; where it does not fit, what the caller knows stands.
    pub(super) fn on_prack_answer(
        &mut self,
        io: &mut Io,
        now: Instant,
        asked: &Asked,
        answer: Result<Bytes, MediaFailed>,
    ) {
        let tag = asked.message.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        let fork = self.forks.iter_mut().find(|fork| &*fork.tag == tag);
        let known = fork.and_then(|fork| fork.sdp.as_mut());
        let told = match (answer, known) {
            (Ok(told), Some((_, known))) => {
                *known = told.clone();
                Some(told)
            }
            (Ok(told), None) => Some(told),
            (Err(_), known) => known.map(|(_, known)| known.clone()),
        };
        let writer = io.reply(asked, 200, "", "");
        let writer = match &told {
            Some(told) => writer.body(Some(SDP), told),
            None => writer,
        };
        io.send_reply(now, asked, 200, writer);
        self.told[Side::A as usize] = told.or_else(|| self.told[Side::A as usize].take());
        self.release_held(io, now);
    }

    /// The callee has answered, by its response to our UPDATE: the latest descriptions of this early dialog.
    pub(super) fn on_prack_passed(
        &mut self,
        io: &mut Io,
        now: Instant,
        tag: &str,
        spoken: Bytes,
        told: Bytes,
    ) {
        if let Some(fork) = self.forks.iter_mut().find(|fork| &*fork.tag == tag) {
            fork.sdp = Some((spoken, told));
        }
        self.release_held(io, now);
    }

    /// The callee has refused our UPDATE, or has not answered it; a PRACK is never refused for that.
    pub(super) fn on_prack_refused(&mut self, io: &mut Io, now: Instant, exchange: Exchange) {
        let Some(asked) = exchange.asked else { return };
        match super::io::sdp_of(&asked.message) {
            Some(offer) => self.answer_prack_here(io, asked, offer),
            None => io.answer(now, &asked, 200, ""),
        }
    }

    /// Whether an offer in a PRACK waits for its answer.
    pub(super) fn is_prack_open(&self) -> bool {
        self.exchanges.iter().any(Exchange::is_prack)
            || self.needs.iter().any(|need| matches!(need, Need::PrackAnswer { .. }))
    }
}

impl Exchange {
    /// Whether it is the offer of a PRACK.
    pub(super) fn is_prack(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.message.method() == Method::Prack)
    }
}
