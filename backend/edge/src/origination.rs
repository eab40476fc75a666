//! Requests of our own outside calls, in the words of the seam.

use crate::seam::{Credentials, Hop};
use sip::Method;
use std::time::Duration;

/// A request of ours outside any call: OPTIONS that asks whether a peer is there, REGISTER at a carrier.
#[derive(Debug, Clone)]
pub struct Origination {
    /// Where it goes. A hop over TLS must show a certificate that covers the host of `uri`.
    pub hop: Hop,
    /// `OPTIONS`, `REGISTER` or another method that makes no call.
    pub method: Method,
    /// Its Request-URI.
    pub uri: String,
    /// From: a full name-addr without a tag.
    pub from: String,
    /// To: a full name-addr without a tag.
    pub to: String,
    /// Its Call-ID; the registrations of one binding share theirs. `None` makes one.
    pub call_id: Option<String>,
    /// The number in its CSeq, from 1; an answered challenge takes the next.
    pub cseq: u32,
    /// The user part of a Contact of ours, where it has one.
    pub contact_user: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whom we are, where the peer challenges us; answered once.
    pub credentials: Option<Credentials>,
}

/// What came of a request of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Originated {
    /// The final status; 408 where none came, 503 where nothing could be sent.
    pub status: u16,
    /// Whether the status is the peer's own word, and not ours for its silence.
    pub is_answered: bool,
    /// The reason phrase; for a peer out of reach why that is, where the transport says it; empty where there is none.
    pub reason: String,
    /// The headers of the response, names as they were sent; at most [`Originated::HEADERS_MAX`].
    pub headers: Vec<(String, String)>,
    /// The CSeq number that was used last; the next request with the same Call-ID needs a higher one.
    pub cseq: u32,
    /// From sending to the final response, or to giving up.
    pub took: Duration,
}

impl Originated {
    /// The most headers of a response that are handed on.
    pub const HEADERS_MAX: usize = 64;

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
