//! What is kept of one transaction.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Peer;
use super::machine::{Kind, State, Timer};

/// One transaction. After the final response it holds little more than the bytes to send again.
#[derive(Debug)]
pub(super) struct Entry<C> {
    pub(super) kind: Kind,
    pub(super) state: State,
    /// Where its messages go.
    pub(super) peer: Peer,
    /// Its place in the table, for the removal.
    pub(super) key: u128,
    /// Its place in the table of merged requests; server only.
    pub(super) merge_key: Option<u128>,
    /// It was challenged (401, 407): the same request may come again, with credentials.
    pub(super) is_challenged: bool,
    /// The request (client; in Completed the ACK) or the latest response (server); empty before there is one.
    pub(super) message: Bytes,
    pub(super) context: Option<C>,
    /// The interval that the running retransmission timer has.
    pub(super) interval: Duration,
    pub(super) retransmission: Option<(Timer, Instant)>,
    pub(super) deadline: Option<(Timer, Instant)>,
    pub(super) cancel: Cancel,
    /// ACKs of the 2xx responses to an INVITE of ours, by the hash of the To tag.
    pub(super) acks: Vec<(u128, Peer, Bytes)>,
}

/// How far the cancelling of an INVITE of ours has got (RFC 3261 §9.1).
#[derive(Debug)]
pub(super) enum Cancel {
    No,
    /// Wanted, but there was no provisional response yet. With the value of its Reason header.
    Wanted(Option<Box<str>>),
    Sent,
}

impl<C> Entry<C> {
    pub(super) const fn new(kind: Kind, peer: Peer, key: u128, message: Bytes) -> Self {
        Self {
            kind,
            state: State::Terminated,
            peer,
            key,
            merge_key: None,
            is_challenged: false,
            message,
            context: None,
            interval: Duration::ZERO,
            retransmission: None,
            deadline: None,
            cancel: Cancel::No,
            acks: Vec::new(),
        }
    }

    /// Whether this timer, due at this time, is still running.
    pub(super) fn is_running(&self, timer: Timer, at: Instant) -> bool {
        let slot = if timer.is_retransmission() { self.retransmission } else { self.deadline };
        slot == Some((timer, at))
    }
}
