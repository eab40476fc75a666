//! Session-Expires, RFC 4028 §4.

use super::{HeaderError, Params};

/// Who sends the refreshes of a session timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answered it.
    Uas,
}

/// The session timer that a message proposes or confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds after which a session without a refresh ends.
    pub seconds: u32,
    /// The refresher, if the message names one.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads `1800;refresher=uac`.
    ///
    /// # Errors
    /// When the number is missing or beyond 32 bits, or a parameter is malformed.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let at = value.find(';').unwrap_or(value.len());
        let (digits, rest) = value.split_at(at);
        let digits = digits.trim_ascii();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(HeaderError::Malformed);
        }
        let seconds = digits.parse().map_err(|_| HeaderError::OutOfRange)?;
        let refresher = match Params::parse(rest)?.get("refresher") {
            Some(side) if side.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(side) if side.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Ok(Self { seconds, refresher })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_refresher_are_read() {
        let timer = SessionExpires::parse("1800 ; refresher=UAS").expect("sound");
        assert_eq!(timer, SessionExpires { seconds: 1800, refresher: Some(Refresher::Uas) });
        assert_eq!(SessionExpires::parse("90").map(|timer| timer.refresher), Ok(None));
        assert_eq!(SessionExpires::parse("99999999999"), Err(HeaderError::OutOfRange));
        assert_eq!(SessionExpires::parse("soon"), Err(HeaderError::Malformed));
    }
}
