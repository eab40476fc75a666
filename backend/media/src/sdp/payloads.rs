//! The payload types that a side may send, by what was agreed: others are another codec than the far end awaits.

use super::{Media, Sdp};

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

    /// Those of the audio of a description; all where it can't be read.
    pub(super) fn of_body(body: &[u8]) -> Self {
        Sdp::parse(body).ok().and_then(|sdp| Some(Self::of(sdp.audio()?))).unwrap_or(Self::ALL)
    }

    /// Those that may come from who answered this offer of ours so: the answer's, and of the offer's those of the same codecs, telephone
    /// events and comfort noise, whose numbers who answers uses too (RFC 3264 §7).
    pub(super) fn answered(offer: &[u8], answer: &Sdp<'_>) -> Self {
        let Some(answered) = answer.audio() else { return Self::ALL };
        let offer = Sdp::parse(offer).ok();
        let offered = offer.as_ref().and_then(Sdp::audio);
        let is_meant = |payload: u8, media: &Media<'_>| {
            media.rtpmap(payload).is_some_and(|map| {
                let aside = ["telephone-event", "CN"].iter().any(|name| map.name.eq_ignore_ascii_case(name));
                aside || answered.payload_of(map.name).is_some()
            })
        };
        let theirs = numbers(answered);
        let ours = offered.into_iter().flat_map(|media| {
            numbers(media).filter(move |payload| is_meant(*payload, media)).collect::<Vec<_>>()
        });
        Self::from_iter(theirs.chain(ours))
    }

    /// Whether this payload type is among them.
    #[must_use]
    pub const fn contains(self, payload: u8) -> bool {
        self.0 >> (payload & 0x7F) & 1 == 1
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
