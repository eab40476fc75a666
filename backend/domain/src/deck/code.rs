//! Prefixes as numbers that stand in the order of their digits: four bits for each digit, from the left, each one more than
//! the digit, so that nothing comes before everything; and the length in the last four.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// The most digits of a prefix (ITU-T E.164).
pub(super) const DIGITS_MAX: usize = 15;

/// Up to fifteen digits without `+`; none of them covers everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(pub(super) u64);

/// The code of a whole number.
pub(super) const fn code_of(mut number: u64) -> u64 {
    let (mut code, mut length) = (0_u64, 0_u64);
    while number > 0 && length < DIGITS_MAX as u64 {
        code = (code >> 4) | ((number % 10 + 1) << 60);
        number /= 10;
        length += 1;
    }
    code | length
}

/// Whether a prefix begins what a code stands for.
pub(super) const fn is_prefix(prefix: u64, code: u64) -> bool {
    let length = prefix & 15;
    if length == 0 {
        return true;
    }
    let mask = u64::MAX << (64 - 4 * length);
    (prefix ^ code) & mask == 0 && code & 15 >= length
}

impl Prefix {
    /// How many digits it has.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.0 & 15) as usize
    }

    /// Whether it covers everything.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Its first digits; all of them where it has no more.
    #[must_use]
    pub fn first(self, length: usize) -> Self {
        let length = length.min(self.len()) as u64;
        let mask = if length == 0 { 0 } else { u64::MAX << (64 - 4 * length) };
        Self((self.0 & mask) | length)
    }

    /// Whether a number that begins with `other` begins with it.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        is_prefix(self.0, other.0)
    }
}

/// A text that is no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is 1 to 15 digits, such as 4670; nothing covers everything")]
pub struct BadPrefix;

impl FromStr for Prefix {
    type Err = BadPrefix;
    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        if text.len() > DIGITS_MAX {
            return Err(BadPrefix);
        }
        let mut code = text.len() as u64;
        for (place, byte) in (1..).zip(text.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(BadPrefix);
            }
            code |= u64::from(byte - b'0' + 1) << (64 - 4 * place);
        }
        Ok(Self(code))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; DIGITS_MAX];
        for (place, digit) in text.iter_mut().enumerate().take(self.len()) {
            *digit = b'0' + ((self.0 >> (60 - 4 * place)) & 15) as u8 - 1;
        }
        f.write_str(std::str::from_utf8(&text[..self.len()]).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
