//! The sanity of a message that parsed: mandatory headers, each once, each readable (RFC 3261 §8.1.1, §8.2,
//! §16.3).

use super::{HeaderName, Message, Method, ParseError};
use crate::header::{HeaderError, NameAddr};
use crate::uri::Uri;

/// Headers that may stand only once. Content-Length is compared by the parser.
const SINGLE: [HeaderName; 6] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentType,
];
/// The largest Max-Forwards, RFC 3261 §20.22.
const MAX_FORWARDS_MAX: u32 = 255;

impl Message {
    /// Checks that the mandatory headers are there, stand once and can be read. Max-Forwards may be missing
    /// (RFC 2543); a Request-URI of an unknown scheme passes, since that is answered with 416 by who
    /// routes. What was found is kept, so that asking again costs nothing.
    ///
    /// # Errors
    /// The first fault that was found.
    pub fn check(&self) -> Result<(), ParseError> {
        *self.checked().get_or_init(|| self.look())
    }

    fn look(&self) -> Result<(), ParseError> {
        let repeated = self.repeated();
        if let Some(name) = SINGLE.into_iter().find(|name| repeated & name.bit() != 0) {
            return Err(ParseError::Repeated(name));
        }
        self.check_routing()?;
        self.check_addresses()?;
        if self.is_request() { self.check_request() } else { Ok(()) }
    }

    /// The status that refuses this message for a fault; `None` for a response and for ACK, which nobody
    /// answers (RFC 3261 §17).
    #[must_use]
    pub fn answer_to(&self, fault: ParseError) -> Option<u16> {
        if self.is_request() && self.method() != Method::Ack { fault.status() } else { None }
    }

    fn check_routing(&self) -> Result<(), ParseError> {
        self.check_read(HeaderName::Via)?;
        let call_id = self.call_id().ok_or(ParseError::Missing(HeaderName::CallId))?;
        let is_forbidden = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
        if call_id.is_empty() || call_id.as_bytes().iter().any(is_forbidden) {
            return Err(ParseError::Malformed(HeaderName::CallId));
        }
        self.check_read(HeaderName::CSeq)
    }

    /// Whether a header that is read once for all could be read.
    fn check_read(&self, name: HeaderName) -> Result<(), ParseError> {
        match self.headers().fault(name) {
            None => Ok(()),
            Some(HeaderError::Missing) => Err(ParseError::Missing(name)),
            Some(_) => Err(ParseError::Malformed(name)),
        }
    }

    fn check_addresses(&self) -> Result<(), ParseError> {
        self.check_read(HeaderName::From)?;
        self.check_read(HeaderName::To)?;
        for name in [HeaderName::Contact, HeaderName::Route, HeaderName::RecordRoute] {
            for value in self.values(name) {
                NameAddr::parse(value).map_err(|_| ParseError::Malformed(name))?;
            }
        }
        Ok(())
    }

    fn check_request(&self) -> Result<(), ParseError> {
        let uri = self.request_uri().and_then(|uri| Uri::parse(uri).ok()).ok_or(ParseError::RequestUri)?;
        if uri.headers.is_some() {
            return Err(ParseError::RequestUri);
        }
        if self.cseq().is_none_or(|(_, method)| method != self.method()) {
            return Err(ParseError::CSeqMismatch);
        }
        match self.header(HeaderName::MaxForwards).map(|_| self.max_forwards()) {
            None | Some(Some(0..=MAX_FORWARDS_MAX)) => Ok(()),
            Some(_) => Err(ParseError::Malformed(HeaderName::MaxForwards)),
        }
    }
}
