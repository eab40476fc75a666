//! Reason, RFC 3326: why a request was sent, in SIP or Q.850 terms.

use super::name_addr::unescape;
use super::{HeaderError, Params, is_token};
use std::borrow::Cow;

/// One value of the Reason header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `Q.850`, `SIP` or another token, as it was sent.
    pub protocol: &'a str,
    /// The cause in the protocol's numbers.
    pub cause: Option<u16>,
    /// Words for people and logs.
    pub text: Option<Cow<'a, str>>,
}

impl<'a> Reason<'a> {
    /// Reads one value, such as `Q.850;cause=16;text="Terminated"`.
    ///
    /// # Errors
    /// When the protocol is no token or a parameter is malformed.
    pub fn parse(value: &'a str) -> Result<Self, HeaderError> {
        let at = value.find(';').unwrap_or(value.len());
        let (protocol, rest) = value.split_at(at);
        let protocol = protocol.trim_ascii();
        if !is_token(protocol.as_bytes()) {
            return Err(HeaderError::Malformed);
        }
        let params = Params::parse(rest)?;
        let cause = params.get("cause").and_then(|cause| cause.parse().ok());
        Ok(Self { protocol, cause, text: params.get("text").map(unescape) })
    }

    /// The Q.850 cause (1 to 127) if this value carries one.
    #[must_use]
    pub fn q850(&self) -> Option<u8> {
        let cause = self.cause.filter(|_| self.protocol.eq_ignore_ascii_case("Q.850"))?;
        u8::try_from(cause).ok().filter(|cause| (1..=127).contains(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_and_text_are_read() {
        let reason = Reason::parse(r#"Q.850 ;cause=16 ;text="Normal \"clearing\"""#).expect("sound");
        assert_eq!(reason.q850(), Some(16));
        assert_eq!(reason.text.as_deref(), Some("Normal \"clearing\""));
    }

    #[test]
    fn only_a_q850_value_has_a_q850_cause() {
        assert_eq!(Reason::parse("SIP;cause=200").map(|reason| reason.q850()), Ok(None));
        assert_eq!(Reason::parse("Q.850;cause=900").map(|reason| reason.q850()), Ok(None));
        assert_eq!(Reason::parse("Q.850").map(|reason| reason.q850()), Ok(None));
        assert_eq!(Reason::parse(";cause=16"), Err(HeaderError::Malformed));
    }
}
