//! The codings of audio that can be turned into samples and back.

use super::{Codec, by_name};
use thiserror::Error;

/// The sample rates that decoders give and encoders take, Hz.
pub const RATES: [u32; 3] = [8_000, 16_000, 48_000];
/// The longest audio of one packet, milliseconds (RFC 7587 §4.2 has none longer).
pub const AUDIO_MAX_MS: usize = 120;

/// How a codec codes audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// G.711 μ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: wideband.
    G722,
    /// G.729 at 8 kbit/s, its silence descriptions (Annex B) understood and not sent.
    G729,
    /// Opus (RFC 6716).
    Opus,
}

/// Why a payload can't be made samples, or samples a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Longer than [`AUDIO_MAX_MS`].
    #[error("the packet has more than {AUDIO_MAX_MS} ms of audio")]
    TooLong,
    /// No whole frames of the codec.
    #[error("the audio is no whole number of frames of its codec")]
    Fraction,
    /// The codec can make nothing of it.
    #[error("the payload is not of its codec")]
    Malformed,
}

impl Coding {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Pcmu, Self::Pcma, Self::G722, Self::G729, Self::Opus];

    /// The coding of this encoding name, without regard to case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name))
    }

    /// The encoding name of `a=rtpmap`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::G729 => "G729",
            Self::Opus => "opus",
        }
    }

    /// Its row in the table of codecs.
    #[must_use]
    pub fn row(self) -> &'static Codec {
        by_name(self.name()).unwrap_or(&super::TABLE[0])
    }

    /// The rate at which it samples, Hz. Opus takes each of [`RATES`]; this is its highest.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G729 => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// The rate that suits an exchange of audio between this coding and another, Hz: as much as both can carry.
    #[must_use]
    pub fn common_rate(self, other: Self) -> u32 {
        self.sample_rate().min(other.sample_rate())
    }

    /// Whether it can be decoded and encoded in this build.
    #[must_use]
    pub const fn is_built(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma => true,
            Self::G722 => cfg!(feature = "g722"),
            Self::G729 => cfg!(feature = "g729"),
            Self::Opus => cfg!(feature = "opus"),
        }
    }

    /// The packet time that is nearest to what is wanted and that it can do, milliseconds: 10, 20, 30, 40 or 60.
    #[must_use]
    pub const fn packet_time(self, wanted: u32) -> u32 {
        match wanted {
            0..15 => 10,
            15..30 => 20,
            // Opus has no frames of 30 ms.
            30..40 if matches!(self, Self::Opus) => 20,
            30..40 => 30,
            40..60 => 40,
            _ => 60,
        }
    }
}

/// Samples of so many milliseconds at a rate.
pub(super) const fn samples_in(millis: usize, rate: u32) -> usize {
    millis * rate as usize / 1000
}
