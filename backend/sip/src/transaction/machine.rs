//! The vocabulary of the four machines: states, events, actions and timers.
//!
//! A machine is a function from state and event to the next state and what to do on the way; it holds no data.

use std::time::Duration;

use super::{Failure, Timing};

/// Which of the four machines a transaction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ClientInvite,
    ClientOther,
    ServerInvite,
    ServerOther,
}

impl Kind {
    pub(super) const fn is_client(self) -> bool {
        matches!(self, Self::ClientInvite | Self::ClientOther)
    }

    /// The machine's table.
    pub(super) const fn step(self, state: State, event: Event) -> Step {
        match self {
            Self::ClientInvite => super::client_invite::step(state, event),
            Self::ClientOther => super::client_other::step(state, event),
            Self::ServerInvite => super::server_invite::step(state, event),
            Self::ServerOther => super::server_other::step(state, event),
        }
    }
}

/// The states of all four machines; no machine has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Calling,
    Trying,
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

impl State {
    /// Whether a client transaction in this state still waits for its final response.
    pub(super) const fn is_waiting(self) -> bool {
        matches!(self, Self::Calling | Self::Trying | Self::Proceeding)
    }
}

/// What happens to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Client: a 1xx arrived.
    Provisional,
    /// Client: a 2xx arrived.
    Success,
    /// Client: a 3xx to 6xx arrived.
    Failure,
    /// Server: the request arrived again.
    Repeat,
    /// Server: the ACK of the final response arrived.
    Ack,
    /// Server: the user sends a 1xx.
    SendProvisional,
    /// Server: the user sends a 2xx.
    SendSuccess,
    /// Server: the user sends a 3xx to 6xx.
    SendFailure,
    /// A timer fired.
    Fired(Timer),
    /// The transport cannot reach the peer.
    Broken,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Send the stored message: the request, the ACK of a failure, or the latest response.
    Transmit,
    /// Hand the message at hand to the user.
    Deliver,
    /// A 2xx again: send its ACK again, or hand it to the user when it has none.
    Reack,
    /// Make the ACK of a failure out of the request, store and send it.
    Acknowledge,
    /// Stop the timers.
    Stop,
    /// Start a timer.
    Start(Timer),
    /// Start a retransmission timer again, at twice its interval and at most T2 (A: without that limit).
    Again(Timer),
    /// A provisional response slows timer E down to T2.
    Slow,
    /// Tell the user that there will be no final response.
    Report(Failure),
}

/// The next state, and what to do on the way there.
pub(super) type Step = (State, &'static [Action]);

/// The timers of RFC 3261 §17 and RFC 6026, and two of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// INVITE request retransmission, unreliable transports only.
    A,
    /// INVITE client: no response at all.
    B,
    /// INVITE client: how long copies of a failure are acknowledged.
    D,
    /// Other request retransmission, unreliable transports only.
    E,
    /// Other client: no final response.
    F,
    /// INVITE failure retransmission, unreliable transports only.
    G,
    /// INVITE server: no ACK.
    H,
    /// INVITE server: how long copies of the ACK are absorbed.
    I,
    /// Other server: how long copies of the request are answered.
    J,
    /// Other client: how long copies of the response are absorbed.
    K,
    /// INVITE server in Accepted: how long copies of the INVITE are absorbed (RFC 6026 §8.4).
    L,
    /// INVITE client in Accepted: how long 2xx responses are taken (RFC 6026 §8.4).
    M,
    /// INVITE client: a cancelled request that gets no final response (RFC 3261 §9.1).
    GiveUp,
    /// Other server: its user never answered, and an answer would come too late (RFC 4320 §4.2).
    Abandon,
}

impl Timer {
    /// Whether this is a retransmission timer; a transaction has at most one of each sort running.
    pub(super) const fn is_retransmission(self) -> bool {
        matches!(self, Self::A | Self::E | Self::G)
    }

    /// How long it runs at first; `None` for a retransmission timer on a reliable transport.
    pub(super) const fn duration(self, timing: &Timing, is_reliable: bool) -> Option<Duration> {
        match self {
            Self::A | Self::E | Self::G if is_reliable => None,
            Self::A | Self::E | Self::G => Some(timing.t1),
            Self::D | Self::J if is_reliable => Some(Duration::ZERO),
            Self::I | Self::K => Some(if is_reliable { Duration::ZERO } else { timing.t4 }),
            Self::B
            | Self::D
            | Self::F
            | Self::H
            | Self::J
            | Self::L
            | Self::M
            | Self::GiveUp
            | Self::Abandon => Some(timing.patience()),
        }
    }
}
