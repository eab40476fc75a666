//! Session descriptions (RFC 8866) as they are met on the wire, and offers and answers of them (RFC 3264).
//!
//! A description is kept as its lines: what we do not know is written back as it came. Accessors look at the lines when asked.

mod crypto;
mod error;
mod events;
mod exchange;
mod model;
mod negotiation;
mod parse;
mod payloads;
mod rewrite;
mod shield;
mod simple;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests_crypto;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests_exchange;

pub use crypto::{CRYPTO_LINES_MAX, Crypto, CryptoError, Encryption, Keying};
pub use error::{NegotiationError, SdpError};
pub use events::{events_clock_of, events_of, with_events, without_payload};
pub use model::{Direction, Kind, Line, Media, RtpMap, Sdp};
pub use negotiation::{Negotiation, Side};
pub use parse::{MAX_BYTES, MAX_FORMATS, MAX_LINES, MAX_MEDIA};
pub use payloads::Payloads;
pub use rewrite::{Endpoint, Local, Rewritten, is_private, rewrite};
pub use simple::{simple_answer, simple_offer};
