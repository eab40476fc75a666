//! Typed header values. Each reads its text on demand and keeps slices of it; nothing is stored twice.

mod cseq;
mod identity;
mod name_addr;
mod params;
mod rack;
mod reason;
mod session_expires;
mod split;
mod via;

pub use cseq::CSeq;
pub use identity::Identity;
pub use name_addr::{NameAddr, quote};
pub use params::Params;
pub use rack::RAck;
pub use reason::Reason;
pub use session_expires::{Refresher, SessionExpires};
pub(crate) use split::cut;
pub use split::{is_token, split_comma, split_outside};
pub use via::Via;

/// Why a header value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The message has no such header.
    #[error("the header is missing")]
    Missing,
    /// The value does not follow its grammar.
    #[error("the header value is malformed")]
    Malformed,
    /// A number is beyond what its RFC allows.
    #[error("a number in the header is out of range")]
    OutOfRange,
}
