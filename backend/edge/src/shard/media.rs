//! Session descriptions on their way through the media relay: opaque here, and answered at once.

use super::Shard;
use crate::inbox::Command;
use crate::seam::{Digit, DigitListener, MediaError, MediaId, MediaLoss, SdpKind, Side, TraceEvent};
use crate::words;
use bytes::Bytes;
use sip::b2bua::{self, CallRef, Input, MediaFailed, MediaNeed, Played};
use std::sync::Arc;
use std::time::Duration;

impl Shard {
    /// Has a description rewritten, and tells the engine.
    pub(super) fn media(&mut self, call: CallRef, need: MediaNeed) {
        match need {
            MediaNeed::Rewrite { from, kind, sdp } => {
                let (from, kind) = (side(from), sdp_kind(kind));
                let answer = self.rewrite(call, from, kind, &sdp);
                let event = match &answer {
                    Ok(_) => TraceEvent::Described { from, kind },
                    Err(error) => TraceEvent::MediaFailed { why: error.to_string() },
                };
                self.traces.note(call, event, self.now, self.wall);
                let answer = answer.map_err(failed);
                self.engine.handle_input(self.now, Input::Media { call, answer });
            }
            MediaNeed::Announce { sdp } => {
                let answer = self.announce(call, &sdp).map_err(failed);
                self.engine.handle_input(self.now, Input::Media { call, answer });
            }
            // The relay follows each description as it comes: what is in force it has, and a refused offer is
            // replaced by the next.
            MediaNeed::Confirmed | MediaNeed::Abandoned => {}
        }
    }

    fn rewrite(&mut self, call: CallRef, from: Side, kind: SdpKind, sdp: &[u8]) -> Result<Bytes, MediaError> {
        let id = self.session(call)?;
        self.convert_digits(call, id);
        self.encrypt(call, id);
        self.govern(call, id);
        self.context.media.update(id, from, kind, sdp)
    }

    /// Answers the caller's offer for an announcement.
    fn announce(&mut self, call: CallRef, sdp: &[u8]) -> Result<Bytes, MediaError> {
        let id = self.session(call)?;
        self.encrypt(call, id);
        self.context.media.announce(id, sdp)
    }

    /// Plays what is kept for a call to one of its sides.
    pub(super) fn play(&mut self, key: CallRef, to: b2bua::Side, what: Played, lasts: Duration) {
        let Some(call) = self.calls.get(&key) else { return };
        let (Some(id), Some(prompt), to) = (call.media, call.prompt(what), side(to)) else { return };
        if self.context.media.play(id, to, prompt, lasts) {
            let seconds = u16::try_from(lasts.as_secs()).unwrap_or(u16::MAX);
            self.traces.note(key, TraceEvent::Played { to, seconds }, self.now, self.wall);
        }
    }

    /// Plays nothing to a side of a call any more.
    pub(super) fn hush(&self, key: CallRef, to: b2bua::Side) {
        if let Some(id) = self.calls.get(&key).and_then(|call| call.media) {
            self.context.media.hush(id, side(to));
        }
    }

    /// Tells the media relay which side does its digits as INFO, where one does, or did.
    fn convert_digits(&mut self, key: CallRef, id: MediaId) {
        let info = self.engine.info_side(key).map(side);
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.info_side == info {
            return;
        }
        call.info_side = info;
        let (shared, shard) = (Arc::clone(&self.context.shared), self.index);
        let listener = info.map(|info| {
            let from = if info == Side::A { Side::B } else { Side::A };
            let say = move |digit| shared.command(shard, Command::Digit { call: key, from, digit });
            (info, Arc::new(say) as DigitListener)
        });
        self.context.media.convert(id, listener);
    }

    /// Tells the media relay whose media is encrypted, where that is other than it knows.
    fn encrypt(&mut self, key: CallRef, id: MediaId) {
        let sides = self.engine.encryption(key);
        let Some(call) = self.calls.get_mut(&key) else { return };
        if std::mem::replace(&mut call.encryption, sides) != sides {
            self.context.media.encrypt(id, sides);
        }
    }

    /// Tells the media relay what else holds for the media of each side, where that is other than it knows.
    fn govern(&mut self, key: CallRef, id: MediaId) {
        let rules = self.engine.media_rules(key);
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.rules.replace(rules) == Some(rules) {
            return;
        }
        let (shared, shard) = (Arc::clone(&self.context.shared), self.index);
        let say = move |loss| shared.command(shard, Command::MediaLost { call: key, media: id, loss });
        self.context.media.govern(id, rules, Arc::new(say));
    }

    /// The media of a call is gone: it is ended.
    pub(super) fn media_lost(&mut self, key: CallRef, media: MediaId, loss: MediaLoss) {
        if self.calls.get(&key).is_none_or(|call| call.media != Some(media)) {
            return;
        }
        let (word, why) = match loss {
            MediaLoss::NeverBegan => {
                (words::MEDIA_TIMEOUT, "no media came from either side after the answer")
            }
            MediaLoss::Ceased => (words::MEDIA_TIMEOUT, "no media came from either side any more"),
            MediaLoss::WorkerDied => (words::MEDIA_LOST, "the media worker of this call has died"),
        };
        let event = TraceEvent::MediaFailed { why: why.to_owned() };
        self.traces.note(key, event, self.now, self.wall);
        self.end(key, &words::refusal(word));
    }

    /// A side pressed a key in its media: the other one hears it as INFO.
    pub(super) fn heard_digit(&mut self, call: CallRef, from: Side, digit: Digit) {
        let to = if from == Side::A { b2bua::Side::B } else { b2bua::Side::A };
        let digit = b2bua::Digit { key: digit.key, millis: digit.millis };
        self.feed(Input::Digit { call, to, digit });
    }

    /// A side pressed a key by INFO: it is pressed in the media of the other one, or goes there as INFO.
    pub(super) fn press(&mut self, call: CallRef, from: b2bua::Side, digit: b2bua::Digit) {
        let media = self.calls.get(&call).and_then(|call| call.media);
        let pressed = Digit { key: digit.key, millis: digit.millis };
        if !media.is_some_and(|id| self.context.media.press(id, pressed)) {
            self.engine.handle_input(self.now, Input::Digit { call, to: from.other(), digit });
        }
    }

    /// The media session of a call, opened with its first description.
    fn session(&mut self, call: CallRef) -> Result<MediaId, MediaError> {
        let key = call;
        let call = self.calls.get_mut(&key).ok_or(MediaError::Gone)?;
        match call.media {
            Some(id) => Ok(id),
            None => {
                let id = self.context.media.open()?;
                call.media = Some(id);
                // The table's view of the call is written once, here.
                let _ = call.live.media.set(id);
                self.traces.note(key, TraceEvent::MediaOpened, self.now, self.wall);
                Ok(id)
            }
        }
    }
}

fn failed(error: MediaError) -> MediaFailed {
    let (word, warning) = match error {
        MediaError::BadSdp(why) => (words::BAD_MEDIA, Some(why.into_boxed_str())),
        MediaError::NoPorts | MediaError::Gone | MediaError::NotRecorded(_) => (words::NO_MEDIA, None),
    };
    MediaFailed(b2bua::Refusal { warning, ..words::to_engine(&words::refusal(word)) })
}

/// The seam's word for a side.
pub(super) const fn side(side: b2bua::Side) -> Side {
    match side {
        b2bua::Side::A => Side::A,
        b2bua::Side::B => Side::B,
    }
}

/// The engine's word for a side.
pub(super) const fn engine_side(side: Side) -> b2bua::Side {
    match side {
        Side::A => b2bua::Side::A,
        Side::B => b2bua::Side::B,
    }
}

const fn sdp_kind(kind: b2bua::SdpKind) -> SdpKind {
    match kind {
        b2bua::SdpKind::Offer => SdpKind::Offer,
        b2bua::SdpKind::Answer => SdpKind::Answer,
    }
}
