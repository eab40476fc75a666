//! RAck, RFC 3262 §7.2.

use super::cseq::sequence_number;
use super::{CSeq, HeaderError};

/// Which reliable provisional response a PRACK confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response, below 2^31.
    pub response: u32,
    /// The CSeq of the request that was answered.
    pub cseq: CSeq,
}

impl RAck {
    /// Reads `776656 1 INVITE`.
    ///
    /// # Errors
    /// When it is not two numbers and a method, or a number is out of range.
    pub fn parse(value: &str) -> Result<Self, HeaderError> {
        let (response, cseq) = value.split_once([' ', '\t']).ok_or(HeaderError::Malformed)?;
        Ok(Self { response: sequence_number(response)?, cseq: CSeq::parse(cseq.trim_ascii_start())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    #[test]
    fn both_numbers_and_the_method_are_read() {
        let rack = RAck::parse("776656  1 INVITE").expect("sound");
        assert_eq!(rack, RAck { response: 776_656, cseq: CSeq { number: 1, method: Method::Invite } });
        assert_eq!(RAck::parse("1 INVITE"), Err(HeaderError::Malformed));
    }
}
