//! The payload types that a side may send, by what was agreed: others are another codec than the far end awaits.

use super::{Media, RtpMap, Sdp};
use crate::codec::{Coding, by_fixed_payload};

/// Comfort noise, which is met without having been agreed on (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// A set of payload types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payloads(u128);

impl Payloads {
    /// Every payload type: where nothing was said.
    pub const ALL: Self = Self(u128::MAX);

    /// Those of a section; all where it names none.
    #[must_use]
    pub fn of(media: &Media<'_>) -> Self {
        Self::from_iter(numbers(media))
    }

    /// Those of a section that are no audio: telephone-events and comfort noise.
    pub(super) fn beside(media: &Media<'_>) -> Self {
        let beside = numbers(media).filter(|payload| is_beside(*payload, media));
        Self(beside.fold(1 << COMFORT_NOISE, |set, payload| set | 1 << payload))
    }

    /// None but comfort noise, which is met without having been agreed on.
    #[must_use]
    pub const fn comfort_noise() -> Self {
        Self(1 << COMFORT_NOISE)
    }

    /// Whether this payload type is among them.
    #[must_use]
    pub const fn contains(self, payload: u8) -> bool {
        self.0 >> (payload & 0x7F) & 1 == 1
    }
}

/// What may come from a side: its payload types, what those mean that RFC 3551 does not say, and which are beside the audio.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) payloads: Payloads,
    pub(super) codings: Vec<(u8, Coding)>,
    pub(super) beside: Payloads,
}

impl Spoken {
    const UNSAID: Self =
        Self { payloads: Payloads::ALL, codings: Vec::new(), beside: Payloads::comfort_noise() };

    /// What may come from who was told this: all where it can't be read.
    pub(super) fn of_body(body: &[u8]) -> Self {
        let sdp = Sdp::parse(body).ok();
        sdp.as_ref().and_then(Sdp::audio).map_or(Self::UNSAID, |audio| Self {
            payloads: Payloads::of(audio),
            codings: codings(audio).collect(),
            beside: Payloads::beside(audio),
        })
    }

    /// What may come from who answered this offer of ours so: what the answer names, and of the offer's payload types those of the same
    /// codecs, telephone events and comfort noise, whose numbers who answers uses too (RFC 3264 §7).
    pub(super) fn answered(offer: &[u8], answer: &Sdp<'_>) -> Self {
        let Some(answered) = answer.audio() else { return Self::UNSAID };
        let offer = Sdp::parse(offer).ok();
        let offered = offer.as_ref().and_then(Sdp::audio);
        let is_meant = |payload: u8, media: &Media<'_>| {
            let is_answered = |map: RtpMap<'_>| answered.payload_of(map.name).is_some();
            is_beside(payload, media) || media.rtpmap(payload).is_some_and(is_answered)
        };
        let theirs = numbers(answered);
        let ours = offered.into_iter().flat_map(|media| {
            numbers(media).filter(move |payload| is_meant(*payload, media)).collect::<Vec<_>>()
        });
        let mut meant: Vec<_> = offered.into_iter().flat_map(codings).collect();
        meant.retain(|(_, coding)| answered.payload_of(coding.name()).is_some());
        for (payload, coding) in codings(answered) {
            // Where the numbers are at odds it is the offer's that is to be sent.
            if meant.iter().all(|(known, _)| *known != payload) {
                meant.push((payload, coding));
            }
        }
        let beside = offered.map_or(0, |media| Payloads::beside(media).0) | Payloads::beside(answered).0;
        let beside = Payloads(beside);
        Self { payloads: Payloads::from_iter(theirs.chain(ours)), codings: meant, beside }
    }
}

impl FromIterator<u8> for Payloads {
    fn from_iter<T: IntoIterator<Item = u8>>(payloads: T) -> Self {
        let set = payloads.into_iter().fold(0, |set, payload| set | 1 << (payload & 0x7F));
        if set == 0 { Self::ALL } else { Self(set | 1 << COMFORT_NOISE) }
    }
}

fn numbers<'s>(media: &'s Media<'_>) -> impl Iterator<Item = u8> + 's {
    media.formats.iter().filter_map(|format| format.parse().ok()).filter(|payload| *payload < 128)
}

fn is_beside(payload: u8, media: &Media<'_>) -> bool {
    let names = ["telephone-event", "CN"];
    media.rtpmap(payload).is_some_and(|map| names.iter().any(|name| map.name.eq_ignore_ascii_case(name)))
}

/// The audio of a section that we know, by payload type; without those that always mean it.
pub(super) fn codings<'s>(media: &'s Media<'_>) -> impl Iterator<Item = (u8, Coding)> + 's {
    numbers(media).filter_map(|payload| {
        let map = media.rtpmap(payload)?;
        let coding = Coding::of_name(map.name).filter(|coding| coding.row().clock_rate == map.clock_rate)?;
        by_fixed_payload(payload).is_none_or(|row| row.name != coding.name()).then_some((payload, coding))
    })
}
