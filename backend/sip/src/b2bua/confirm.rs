//! The 2xx of ours and their ACKs (RFC 3261 §13.3.1.4).

use std::time::Instant;

use bytes::Bytes;

use crate::wire::Message;

use super::call::{Call, Need, Stage, Unconfirmed};
use super::io::{Alarm, Io, sdp_of};
use super::{End, MediaFailed, MediaNeed, SdpKind, Side};

impl Call {
    /// Repeats a 2xx until its ACK comes.
    pub(super) fn await_ack(&mut self, io: &mut Io, now: Instant, side: Side, unconfirmed: Unconfirmed) {
        self.set(io, Alarm::Resend(side), now + unconfirmed.interval);
        self.unconfirmed[side as usize] = Some(Box::new(unconfirmed));
    }

    /// No ACK yet: the 2xx again, at intervals that double up to T2; after 64*T1 the call is given up.
    pub(super) fn on_resend(&mut self, io: &mut Io, now: Instant, side: Side) {
        let Some(unconfirmed) = &mut self.unconfirmed[side as usize] else { return };
        if now < unconfirmed.give_up_at {
            unconfirmed.interval = unconfirmed.interval.saturating_mul(2).min(io.config.timing.t2);
            let next = (now + unconfirmed.interval).min(unconfirmed.give_up_at);
            let (transaction, status) = (unconfirmed.transaction, unconfirmed.status);
            io.layer.respond(now, transaction, status, unconfirmed.bytes.clone());
            return self.set(io, Alarm::Resend(side), next);
        }
        self.unconfirmed[side as usize] = None;
        if self.stage == Stage::Over {
            return self.say_late_bye(io, now);
        }
        self.hang_up(io, now, Side::A, None, None);
        self.hang_up(io, now, Side::B, None, None);
        self.finish(io, now, End::TransportFailed);
    }

    /// An ACK has come on this leg.
    pub(super) fn on_ack(&mut self, io: &mut Io, now: Instant, side: Side, ack: &Message) {
        let number = ack.cseq().map(|(number, _)| number);
        if self.unconfirmed[side as usize].as_ref().is_none_or(|waiting| Some(waiting.cseq) != number) {
            return;
        }
        self.unconfirmed[side as usize] = None;
        self.clear(Alarm::Resend(side));
        if self.stage == Stage::Over {
            return self.say_late_bye(io, now);
        }
        let other = side.other();
        if self.unacknowledged[other as usize].is_none() {
            return;
        }
        match sdp_of(ack) {
            Some(sdp) => {
                self.spoken[side as usize] = Some(Bytes::copy_from_slice(&sdp));
                let need = Need::Ack { side };
                self.need(io, need, MediaNeed::Rewrite { from: side, kind: SdpKind::Answer, sdp });
            }
            None => self.acknowledge(io, other, None),
        }
    }

    /// The answer of a delayed offer has been rewritten, or cannot be; then the call cannot go on.
    pub(super) fn on_ack_media(
        &mut self,
        io: &mut Io,
        now: Instant,
        side: Side,
        answer: Result<Bytes, MediaFailed>,
    ) {
        if self.stage == Stage::Over {
            return;
        }
        match answer {
            Ok(sdp) => {
                self.acknowledge(io, side.other(), Some(&sdp));
                self.told[side.other() as usize] = Some(sdp);
                io.media(self.key, MediaNeed::Confirmed);
            }
            Err(MediaFailed(refusal)) => self.end_by_us(io, now, refusal),
        }
    }
}
