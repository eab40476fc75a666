//! `a=crypto` (RFC 4568): the key of a side, in its description. Who writes the line encrypts with the key in it.

use super::Media;
use crate::srtp::{Master, Suite};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::{fmt, str};
use thiserror::Error;

/// Lines of one section that are looked at; of more the first ones count.
pub const CRYPTO_LINES_MAX: usize = 16;
/// Digits of a tag.
const TAG_DIGITS_MAX: usize = 9;
/// The most that an error repeats of what it met.
const QUOTE_MAX: usize = 40;
/// Base64 as it is met: with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the media of a side is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Never: keys in its descriptions are not looked at, and it is offered none.
    Off,
    /// Where it offers keys; our offers have none.
    #[default]
    Accepted,
    /// Where it can: our offers have keys beside `RTP/AVP`, which who does not know them leaves unread.
    Offered,
    /// Always: `RTP/SAVP` is offered, and a description without a key is refused.
    Required,
}

/// One `a=crypto` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// The number by which an answer names the line that it takes.
    pub tag: u32,
    /// The suite and the key with which the writer encrypts.
    pub master: Master,
}

/// Both keys of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keying {
    /// Ours, for what goes to it.
    pub send: Master,
    /// Its own, for what comes from it.
    pub receive: Master,
}

/// Why a line can't be used. None of the texts repeats a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// There is none.
    #[error("it has no a=crypto line")]
    Missing,
    /// It does not look like `a=crypto:<tag> <suite> inline:<key>`.
    #[error("an a=crypto line is malformed")]
    Malformed,
    /// The suite is not one of ours.
    #[error("the suite {0} is not served")]
    Suite(String),
    /// The key is not base64, or not as long as the suite has it.
    #[error("the key of an a=crypto line does not have the length of {0}")]
    Key(&'static str),
    /// A key with an identifier in each packet.
    #[error("a key with an MKI (the part after the second |) is not served: leave it out")]
    Mki,
    /// More keys than one.
    #[error("several keys in one a=crypto line are not served")]
    Several,
    /// A parameter that changes how packets look.
    #[error("the session parameter {0} is not served: leave it out")]
    Parameter(String),
    /// An answer must take one of the lines that it was offered.
    #[error("it takes none of the a=crypto lines that were offered")]
    Foreign,
}

impl Crypto {
    /// Reads the value of an `a=crypto` line.
    ///
    /// # Errors
    /// What can't be read, and what we do not serve.
    pub fn parse(value: &[u8]) -> Result<Self, CryptoError> {
        let mut words = str::from_utf8(value).map_err(|_| CryptoError::Malformed)?.split_ascii_whitespace();
        let tag = words.next().filter(|word| word.len() <= TAG_DIGITS_MAX && is_digits(word));
        let tag = tag.and_then(|word| word.parse().ok()).ok_or(CryptoError::Malformed)?;
        let name = words.next().ok_or(CryptoError::Malformed)?;
        let suite = Suite::of(name).ok_or_else(|| CryptoError::Suite(bounded(name)))?;
        let keys = words.next().ok_or(CryptoError::Malformed)?;
        let (method, key) = keys.split_once(':').ok_or(CryptoError::Malformed)?;
        if !method.eq_ignore_ascii_case("inline") {
            return Err(CryptoError::Malformed);
        }
        if key.contains(';') {
            return Err(CryptoError::Several);
        }
        let mut parts = key.split('|');
        let keying = parts.next().and_then(|key| BASE64.decode(key).ok()).map(zeroize::Zeroizing::new);
        // A lifetime is a count, which nobody reaches in a call; what has a colon is an MKI.
        if parts.any(|part| part.contains(':')) {
            return Err(CryptoError::Mki);
        }
        let master = keying.and_then(|keying| Master::new(suite, &keying));
        // A window's size is a hint (RFC 4568 §6.3.7), and what begins with a minus may be left unread.
        match words.find(|word| !word.starts_with("WSH=") && !word.starts_with('-')) {
            Some(parameter) => Err(CryptoError::Parameter(bounded(parameter))),
            None => Ok(Self { tag, master: master.ok_or_else(|| CryptoError::Key(suite.name()))? }),
        }
    }

    /// The line's first usable key among those of a section, with what was wrong with the first one where none is.
    pub(super) fn first(media: &Media<'_>, is_wanted: impl Fn(&Self) -> bool) -> Result<Self, CryptoError> {
        let mut wrong = CryptoError::Missing;
        for value in media.attributes("crypto").take(CRYPTO_LINES_MAX) {
            let error = match Self::parse(value) {
                Ok(crypto) if is_wanted(&crypto) => return Ok(crypto),
                Ok(_) => CryptoError::Foreign,
                Err(error) => error,
            };
            if wrong == CryptoError::Missing {
                wrong = error;
            }
        }
        Err(wrong)
    }

    pub(super) fn is_answered_by(&self, answer: &Self) -> bool {
        self.tag == answer.tag && self.master.suite() == answer.master.suite()
    }
}

/// The line, with its key: a secret.
impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode(self.master.keying());
        write!(f, "a=crypto:{} {} inline:{key}", self.tag, self.master.suite().name())
    }
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn bounded(text: &str) -> String {
    text.chars().take(QUOTE_MAX).collect()
}
