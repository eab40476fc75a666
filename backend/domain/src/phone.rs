//! Telephone numbers.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A full international number (ITU-T E.164): `+`, then 7 to 15 digits, the first not zero.
///
/// Seven is our floor: anything shorter is a service code, which E.164 does not cover.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct E164(u64);

/// Why a text is not a full international number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// The text has no leading `+`.
    #[error("write the number in full international form, with a leading + (such as +12065550100)")]
    MissingPlus,
    /// The text is not 7 to 15 digits, or begins with zero.
    #[error(
        "a full international number has a + and 7 to 15 digits, the first not zero (such as +12065550100)"
    )]
    NotE164,
}

impl E164 {
    /// Reads `+12065550100`. Spaces and separators are not accepted: what arrives here comes from machines.
    ///
    /// # Errors
    /// [`BadNumber`] says what is missing.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let digits = text.strip_prefix('+').ok_or(BadNumber::MissingPlus)?;
        let plausible = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plausible || digits.starts_with('0') {
            return Err(BadNumber::NotE164);
        }
        digits.parse().map(Self).map_err(|_| BadNumber::NotE164)
    }

    /// The digits without the `+`.
    #[must_use]
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// The number with its `+`, written without asking for memory.
    #[must_use]
    pub fn text(self) -> E164Text {
        let mut text = E164Text { bytes: [b'+'; TEXT_SIZE], begin: TEXT_SIZE };
        let mut rest = self.0;
        loop {
            text.begin -= 1;
            text.bytes[text.begin] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        text.begin -= 1;
        text
    }

    /// The digits as an integer: a compact key. The first digit is never zero, so nothing is lost.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The inverse of [`E164::as_u64`].
    ///
    /// # Errors
    /// [`BadNumber::NotE164`] where the integer has fewer than 7 or more than 15 digits.
    pub const fn from_u64(digits: u64) -> Result<Self, BadNumber> {
        if digits >= 1_000_000 && digits <= 999_999_999_999_999 {
            Ok(Self(digits))
        } else {
            Err(BadNumber::NotE164)
        }
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// `+` and as many digits as an integer has.
const TEXT_SIZE: usize = 21;

/// A full international number as it is written, with its `+`.
#[derive(Debug, Clone, Copy)]
pub struct E164Text {
    /// The text stands at the end; what is ahead of it is `+` too.
    bytes: [u8; TEXT_SIZE],
    begin: usize,
}

impl E164Text {
    /// The digits without the `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self[1..]
    }
}

impl std::ops::Deref for E164Text {
    type Target = str;
    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.begin..]).unwrap_or_default()
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E164(+{})", self.0)
    }
}

impl FromStr for E164 {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        Self::parse(text)
    }
}

impl TryFrom<String> for E164 {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        Self::parse(&text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.to_string()
    }
}

/// The longest user part of a Request-URI that is taken as something dialled.
pub const DIALLED_MAX_LEN: usize = 64;

/// What the caller dialled, as it stood in the user part of the Request-URI: a number in full, a service code, or a
/// user's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dialled(String);

impl Dialled {
    /// Takes a dialled text; visual separators (`-`, `.`, `(`, `)`, space) between digits of a number are dropped
    /// (RFC 3966 §5.1.1). `None` where it is empty, too long, or holds control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIALLED_MAX_LEN || text.chars().any(char::is_control) {
            return None;
        }
        let is_number =
            text.starts_with('+') && text[1..].chars().all(|c| c.is_ascii_digit() || "-.() ".contains(c));
        let kept = if is_number {
            text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
        } else {
            text.into()
        };
        Some(Self(kept))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, where it is a full international one.
    #[must_use]
    pub fn e164(&self) -> Option<E164> {
        E164::parse(&self.0).ok()
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_number_prints_as_it_was_read() {
        assert_eq!(E164::parse("+12065550100").map(|n| n.to_string()), Ok("+12065550100".into()));
    }

    #[test]
    fn a_number_without_plus_or_with_leading_zero_is_refused_with_the_remedy() {
        assert_eq!(E164::parse("12065550100"), Err(BadNumber::MissingPlus));
        assert_eq!(E164::parse("+0012065550"), Err(BadNumber::NotE164));
        assert_eq!(E164::parse("+123456"), Err(BadNumber::NotE164));
        assert_eq!(E164::parse("+1234567890123456"), Err(BadNumber::NotE164));
        assert_eq!(E164::parse("+1206555010a"), Err(BadNumber::NotE164));
    }

    #[test]
    fn separators_in_a_dialled_number_are_dropped_but_a_users_name_is_kept() {
        assert_eq!(
            Dialled::parse("+1-206-555-0100").and_then(|d| d.e164()),
            E164::parse("+12065550100").ok()
        );
        assert_eq!(Dialled::parse("john.doe").map(|d| d.to_string()), Some("john.doe".into()));
        assert_eq!(Dialled::parse(""), None);
    }
}
