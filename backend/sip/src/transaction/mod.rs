//! Transactions (RFC 3261 §17, with RFC 4320 and RFC 6026): what turns single messages into requests that are
//! answered once, whatever the network loses or repeats.
//!
//! [`Layer`] holds all of them: feed it packets and timeouts, each with its time, and drain its outputs. The four
//! machines are tables, one file each, to be laid beside the figures of the RFC. The layer knows no dialogs.

mod peer;
mod timing;

pub use peer::Peer;
pub use timing::Timing;

/// The most transactions that one layer holds; requests beyond it are refused with 503.
pub const TRANSACTIONS_MAX: usize = 200_000;
