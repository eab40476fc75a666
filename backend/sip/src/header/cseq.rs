//! CSeq, RFC 3261 §20.16.

use super::HeaderError;
use crate::wire::Method;
use std::fmt;

/// The place of a request within its dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31 (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl CSeq {
    /// Reads `314159 INVITE`.
    ///
    /// # Errors
    /// When it is not a number and a token, or the number is 2^31 or more.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let (digits, method) = value.split_once([' ', '\t']).ok_or(HeaderError::Malformed)?;
        let number = sequence_number(digits)?;
        let method = Method::from_bytes(method.trim_ascii().as_bytes()).ok_or(HeaderError::Malformed)?;
        Ok(Self { number, method })
    }
}

/// A decimal number below 2^31.
pub(super) fn sequence_number(digits: &str) -> Result<u32, HeaderError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HeaderError::Malformed);
    }
    digits.parse().ok().filter(|number| *number < 1 << 31).ok_or(HeaderError::OutOfRange)
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_method_are_read() {
        let cseq = CSeq::parse("0009 \t INVITE").expect("sound");
        assert_eq!(cseq, CSeq { number: 9, method: Method::Invite });
        assert_eq!(cseq.to_string(), "9 INVITE");
        assert_eq!(CSeq::parse("2147483647 ACK").map(|cseq| cseq.number), Ok(2_147_483_647));
    }

    #[test]
    fn what_is_no_sequence_number_is_refused() {
        assert_eq!(CSeq::parse("2147483648 ACK"), Err(HeaderError::OutOfRange));
        assert_eq!(CSeq::parse("36893488147419103232 REGISTER"), Err(HeaderError::OutOfRange));
        for text in ["", "1", "INVITE", "-1 INVITE", "+1 INVITE", "1 ", "1 IN VITE"] {
            assert_eq!(CSeq::parse(text), Err(HeaderError::Malformed), "{text}");
        }
    }
}
