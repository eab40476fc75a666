//! SIP messages on the wire (RFC 3261 §7): a lazy parser over one buffer and a writer into one buffer.
//!
//! [`Message::parse`] finds the lines and names the headers; values are read when somebody asks, so what
//! nobody asks for costs nothing. Nothing here knows transactions, dialogs or sockets.

mod check;
mod error;
mod message;
mod method;
mod name;
mod parse;
mod read;
mod status;
mod transport;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use parse::decimal;

pub use error::ParseError;
pub use message::Message;
pub use method::Method;
pub use name::HeaderName;
pub use status::reason_phrase;
pub use transport::Transport;
pub use writer::{Value, Writer};

/// The longest start line that is read, in bytes without its line end.
pub const START_LINE_MAX: usize = 2048;
/// The most header lines that one message may have.
pub const HEADERS_MAX: usize = 128;
/// The largest message, head and body together, in bytes.
pub const MESSAGE_MAX: usize = 65_536;
