//! Offers and answers on their way through the media plane: a queue of what goes on when each comes back.

use std::time::Instant;

use bytes::Bytes;

use super::call::{Call, NEEDS_MAX, Need, Stage};
use super::io::Io;
use super::{MediaFailed, MediaNeed};

impl Call {
    /// Asks the media plane, and remembers what to do with its word. Only early descriptions can be many, and
    /// their sender bounds them with [`Call::is_flooded`]; all others are bounded by what a call can have under way.
    pub(super) fn need(&mut self, io: &mut Io, need: Need, asked: MediaNeed) {
        if self.stage != Stage::Over {
            self.needs.push_back(need);
            io.media(self.key, asked);
        }
    }

    /// Whether so many descriptions wait for the media plane that early ones are to be dropped.
    pub(super) fn is_flooded(&self) -> bool {
        self.needs.len() >= NEEDS_MAX
    }

    /// The word of the media plane on the oldest need.
    pub(super) fn on_media(&mut self, io: &mut Io, now: Instant, answer: Result<Bytes, MediaFailed>) {
        let Some(need) = self.needs.pop_front() else { return };
        match need {
            Need::Announce => self.on_announce(io, now, answer),
            Need::Offer { index } => self.on_offer(io, now, index, answer),
            Need::Early { attempt, response } => self.on_early(io, now, attempt, &response, answer),
            Need::Answer { response } => self.on_answer_media(io, now, &response, answer),
            Need::PrackOffer => {}
            Need::PrackAnswer { asked } => self.on_prack_answer(io, now, &asked, answer),
            Need::Ack { side } => self.on_ack_media(io, now, side, answer),
            Need::Ask { exchange } => self.on_ask_media(io, now, exchange, answer),
            Need::Respond { exchange, response } => {
                self.on_respond_media(io, now, exchange, &response, answer)
            }
            Need::Reoffer { to } => self.on_reoffer(io, now, to, answer),
            Need::Learn { from } => self.on_learned(io, now, from, answer),
        }
    }
}
