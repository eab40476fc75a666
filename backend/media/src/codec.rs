//! The codecs we know by name: one table, one row each; and the audio ones among them in and out of samples.

mod coding;
mod decoder;
mod encoder;
#[cfg(feature = "opus")]
mod opus;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests_audio;

pub use coding::{AUDIO_MAX_MS, CodecError, Coding, RATES};
pub use decoder::Decoder;
pub use encoder::Encoder;

/// One codec as RTP names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// The encoding name of `a=rtpmap`, in its registered spelling; compared without case.
    pub name: &'static str,
    /// The payload type that RFC 3551 assigns for good, when it does.
    pub fixed: Option<u8>,
    /// The payload type we write when we make an offer ourselves.
    pub payload: u8,
    /// The RTP clock in Hz. For G.722 it is 8000 although it samples at 16000 (RFC 3551 §4.5.2).
    pub clock_rate: u32,
    /// Channels as written in `a=rtpmap`; 1 is left out there.
    pub channels: u8,
    /// The parameters that we offer with it, empty for none.
    pub fmtp: &'static str,
}

/// Every codec that is known by name. Others pass through the relay unnamed.
pub const TABLE: &[Codec] = &[
    Codec { name: "PCMU", fixed: Some(0), payload: 0, clock_rate: 8000, channels: 1, fmtp: "" },
    Codec { name: "PCMA", fixed: Some(8), payload: 8, clock_rate: 8000, channels: 1, fmtp: "" },
    Codec { name: "G722", fixed: Some(9), payload: 9, clock_rate: 8000, channels: 1, fmtp: "" },
    Codec { name: "CN", fixed: Some(13), payload: 13, clock_rate: 8000, channels: 1, fmtp: "" },
    Codec { name: "G729", fixed: Some(18), payload: 18, clock_rate: 8000, channels: 1, fmtp: "annexb=no" },
    Codec { name: "telephone-event", fixed: None, payload: 101, clock_rate: 8000, channels: 1, fmtp: "0-16" },
    Codec { name: "opus", fixed: None, payload: 111, clock_rate: 48000, channels: 2, fmtp: "useinbandfec=1" },
];

/// The row with this encoding name, without regard to case.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Codec> {
    TABLE.iter().find(|codec| codec.name.eq_ignore_ascii_case(name))
}

/// The row that RFC 3551 gives this payload type without any `a=rtpmap`.
#[must_use]
pub fn by_fixed_payload(payload: u8) -> Option<&'static Codec> {
    TABLE.iter().find(|codec| codec.fixed == Some(payload))
}

/// The row that our own offers write with this payload type.
#[must_use]
pub fn by_payload(payload: u8) -> Option<&'static Codec> {
    TABLE.iter().find(|codec| codec.payload == payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_without_regard_to_case() {
        assert_eq!(by_name("pcma").map(|codec| codec.payload), Some(8));
        assert_eq!(by_name("OPUS").map(|codec| codec.clock_rate), Some(48000));
        assert_eq!(by_name("speex"), None);
    }

    #[test]
    fn only_the_assigned_payload_types_need_no_rtpmap() {
        assert_eq!(by_fixed_payload(18).map(|codec| codec.name), Some("G729"));
        assert_eq!(by_fixed_payload(101), None, "101 is a habit, not an assignment");
        assert_eq!(by_payload(101).map(|codec| codec.name), Some("telephone-event"));
    }

    #[test]
    fn no_two_rows_share_a_name_or_a_payload_type() {
        for (index, row) in TABLE.iter().enumerate() {
            for other in &TABLE[index + 1..] {
                assert!(!row.name.eq_ignore_ascii_case(other.name) && row.payload != other.payload);
            }
        }
    }
}
