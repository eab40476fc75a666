//! What a tenant says of recording its calls.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Days for which a recording may be kept.
pub const RETENTION_DAYS: RangeInclusive<u16> = 1..=3_650;
/// Days for which it is kept where nothing is said.
pub const RETENTION_DEFAULT_DAYS: u16 = 30;

/// Which calls are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordingMode {
    /// None, and none can be.
    #[default]
    Off,
    /// Those for which somebody asks while they are up.
    OnDemand,
    /// All that are answered, and those for which somebody asks again.
    Always,
}

/// What the sides of a call hear when its recording begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordingNotice {
    /// Nothing.
    #[default]
    None,
    /// A short tone.
    Tone,
}

/// What a tenant says of recording its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingPolicy {
    /// Which calls are recorded.
    pub mode: RecordingMode,
    /// For how long a recording is kept, days, of [`RETENTION_DAYS`]; it counts for recordings that begin from then on.
    pub retention_days: u16,
    /// What the sides hear when one begins.
    pub notice: RecordingNotice,
}

impl Default for RecordingPolicy {
    fn default() -> Self {
        Self {
            mode: RecordingMode::Off,
            retention_days: RETENTION_DEFAULT_DAYS,
            notice: RecordingNotice::None,
        }
    }
}

impl RecordingMode {
    /// All of them, in the order of pages.
    pub const ALL: [Self; 3] = [Self::Off, Self::OnDemand, Self::Always];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnDemand => "onDemand",
            Self::Always => "always",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

impl RecordingNotice {
    /// All of them, in the order of pages.
    pub const ALL: [Self; 2] = [Self::None, Self::Tone];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tone => "tone",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_json() {
        for mode in RecordingMode::ALL {
            assert_eq!(serde_json::to_value(mode).ok(), Some(mode.word().into()));
            assert_eq!(RecordingMode::from_word(mode.word()), Some(mode));
        }
        for notice in RecordingNotice::ALL {
            assert_eq!(serde_json::to_value(notice).ok(), Some(notice.word().into()));
            assert_eq!(RecordingNotice::from_word(notice.word()), Some(notice));
        }
        assert_eq!(RecordingMode::from_word("On"), None);
        assert_eq!(RecordingPolicy::default().mode, RecordingMode::Off);
    }
}
