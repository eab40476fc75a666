//! Transactions (RFC 3261 §17, with RFC 4320 and RFC 6026): what turns single messages into requests that are
//! answered once, whatever the network loses or repeats.
//!
//! [`Layer`] holds all of them: feed it packets and timeouts, each with its time, and drain its outputs. The four
//! machines are tables, one file each, to be laid beside the figures of the RFC. The layer knows no dialogs.

mod client_invite;
mod client_other;
mod derive;
mod entry;
mod key;
mod layer;
mod machine;
mod peer;
mod receive;
mod reply;
mod server_invite;
mod server_other;
mod timers;
mod timing;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::wire::{Message, Method};

pub use layer::Layer;
pub use peer::Peer;
pub use reply::{reply, reply_peer};
pub(crate) use timers::TimerQueue;
pub use timing::Timing;

/// The most transactions that one layer holds; requests beyond it are refused with 503.
pub const TRANSACTIONS_MAX: usize = 500_000;

/// One transaction of a layer, never reused while the layer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub(crate) u64);

/// A request to be sent in a transaction of its own. Never an ACK: that of a 2xx belongs to no transaction.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Where it goes.
    pub peer: Peer,
    /// Its method.
    pub method: &'a Method,
    /// The branch of its Via: `z9hG4bK` and something never used before.
    pub branch: &'a str,
    /// The whole request.
    pub bytes: Bytes,
}

/// The layer holds as many transactions as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many transactions")]
pub struct Full;

/// Why a request gets no final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing came in time: counts as 408 (RFC 3261 §8.1.3.1).
    Timeout,
    /// The peer cannot be reached: counts as 503 (RFC 3261 §8.1.3.1).
    Transport,
}

impl Failure {
    /// The status that this failure counts as.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Timeout => 408,
            Self::Transport => 503,
        }
    }
}

/// What a layer wants. `C` is whatever its user has attached to a transaction.
#[derive(Debug)]
pub enum Output<C> {
    /// Send these bytes.
    Transmit {
        /// Where to.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
    },
    /// A new request that must be answered with [`Layer::respond`]. Neither ACK nor CANCEL.
    Request {
        /// Its server transaction.
        transaction: TransactionId,
        /// Where it came from.
        from: Peer,
        /// The request.
        message: Message,
        /// Whether the same request has come over another path already: answer 482 (RFC 3261 §8.2.2.2).
        is_merged: bool,
    },
    /// A CANCEL: answer it with 200, or 481 when it means no INVITE here; then answer the INVITE with 487.
    Cancel {
        /// The server transaction of the CANCEL itself.
        transaction: TransactionId,
        /// The transaction of its INVITE, if it is still there.
        invite: Option<TransactionId>,
        /// What was attached to that.
        context: Option<C>,
        /// Where it came from.
        from: Peer,
        /// The CANCEL.
        message: Message,
    },
    /// An ACK for a 2xx; those for failures stay in the layer.
    Ack {
        /// Where it came from.
        from: Peer,
        /// The ACK.
        message: Message,
    },
    /// A response to a request of ours. A 2xx to an INVITE is repeated here until [`Layer::ack`] has its ACK.
    Response {
        /// The client transaction.
        transaction: TransactionId,
        /// What was attached to it.
        context: C,
        /// Where the response came from.
        from: Peer,
        /// The response.
        message: Message,
    },
    /// There will be no final response. For an INVITE that was refused it means that no ACK came.
    Failed {
        /// The transaction.
        transaction: TransactionId,
        /// What was attached to it.
        context: Option<C>,
        /// Why.
        failure: Failure,
    },
}
