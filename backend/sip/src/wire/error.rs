//! What can be wrong with a message, and how each fault is answered.

use super::HeaderName;

/// Why a message is refused. [`ParseError::status`] says whether an answer is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but line ends: a keep-alive (RFC 5626 §4.4), not a message.
    #[error("no message in the buffer")]
    Empty,
    /// Neither a request line nor a status line: other traffic than SIP.
    #[error("not a SIP message")]
    NotSip,
    /// More than [`MESSAGE_MAX`](super::MESSAGE_MAX) bytes.
    #[error("the message is too large")]
    TooLarge,
    /// A start line of more than [`START_LINE_MAX`](super::START_LINE_MAX) bytes.
    #[error("the start line is too long")]
    StartLineTooLong,
    /// A request line that is not `Method SP Request-URI SP SIP-Version` (RFC 3261 §7.1).
    #[error("the request line is malformed")]
    RequestLine,
    /// A Request-URI that cannot be read, or one with header parts (RFC 3261 §19.1.1).
    #[error("the Request-URI is malformed")]
    RequestUri,
    /// A status line whose code is not 100 to 699 (RFC 3261 §7.2).
    #[error("the status line is malformed")]
    StatusLine,
    /// A SIP version other than 2.0.
    #[error("the SIP version is not 2.0")]
    Version,
    /// A line of the head that is neither `name: value` nor a continuation.
    #[error("a header line is malformed")]
    HeaderLine,
    /// More than [`HEADERS_MAX`](super::HEADERS_MAX) header lines.
    #[error("too many headers")]
    TooManyHeaders,
    /// The head has no empty line at its end.
    #[error("the head does not end")]
    HeadUnterminated,
    /// A Content-Length that is not one number, or that differs between its lines.
    #[error("the Content-Length is malformed")]
    ContentLength,
    /// Fewer bytes after the head than the Content-Length promises (RFC 3261 §18.3).
    #[error("the body is shorter than its Content-Length")]
    BodyTooShort,
    /// A mandatory header is missing (RFC 3261 §8.1.1).
    #[error("{0} is missing")]
    Missing(HeaderName),
    /// A header that must stand once stands more than once (RFC 3261 §7.3.1).
    #[error("{0} stands more than once")]
    Repeated(HeaderName),
    /// A header that routing needs cannot be read.
    #[error("{0} is malformed")]
    Malformed(HeaderName),
    /// The method of CSeq is not the method of the start line (RFC 3261 §8.1.1.5).
    #[error("the CSeq method differs from the request's")]
    CSeqMismatch,
}

impl ParseError {
    /// The status with which a request of this fault is answered; `None` where silence is right.
    ///
    /// A response or an ACK is never answered, whatever its fault:
    /// [`Message::answer_to`](super::Message::answer_to) knows that.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Empty | Self::NotSip | Self::StatusLine => None,
            Self::TooLarge => Some(513),
            Self::StartLineTooLong => Some(414),
            Self::Version => Some(505),
            Self::RequestLine
            | Self::RequestUri
            | Self::HeaderLine
            | Self::TooManyHeaders
            | Self::HeadUnterminated
            | Self::ContentLength
            | Self::BodyTooShort
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::Malformed(_)
            | Self::CSeqMismatch => Some(400),
        }
    }
}
