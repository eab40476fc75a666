//! The relay in words of session descriptions: one call, an offer here, an answer there.

use crate::{Handle, RelayError, SessionId, SessionStats, Side};
use media::sdp::{Negotiation, NegotiationError};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use thiserror::Error;

/// Whether a description asks or answers (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It asks.
    Offer,
    /// It answers the other side's offer.
    Answer,
}

/// Why a call's media can't be served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BridgeError {
    /// The relay's own reason: no ports, or the session is gone.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// The description's: it can't be relayed, or does not fit.
    #[error(transparent)]
    Sdp(#[from] NegotiationError),
}

/// The figures of a call's media.
pub type BridgeStats = SessionStats;

/// Parts of the table of sessions, so that threads seldom wait for one another.
const PARTS: usize = 16;

/// A relay that speaks session descriptions. To be shared by reference or in an `Arc`.
#[derive(Debug)]
pub struct Bridge {
    relay: Handle,
    parts: [Mutex<HashMap<u64, Negotiation>>; PARTS],
}

impl Bridge {
    /// A bridge over this relay.
    #[must_use]
    pub fn new(relay: Handle) -> Self {
        Self { relay, parts: Default::default() }
    }

    /// The relay beneath.
    #[must_use]
    pub const fn relay(&self) -> &Handle {
        &self.relay
    }

    fn part(&self, id: u64) -> MutexGuard<'_, HashMap<u64, Negotiation>> {
        self.parts[(id % PARTS as u64) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes ports for both sides of a call.
    ///
    /// # Errors
    /// `RelayError::{Full, NoPorts, Stopped}`.
    pub fn open(&self) -> Result<u64, BridgeError> {
        let SessionId(id) = self.relay.open()?;
        self.part(id).insert(id, Negotiation::new(id));
        Ok(id)
    }

    /// Takes a description that came from a side; gives the one that goes to the other side.
    ///
    /// Audio flows as soon as an offer is answered, be it in a 183. A re-offer changes nothing until it is answered; of several
    /// answers the last holds.
    ///
    /// # Errors
    /// Where the description can't be served or does not fit, or the session is gone; all is then as before.
    pub fn update(&self, id: u64, from: Side, kind: Kind, sdp: &[u8]) -> Result<Vec<u8>, BridgeError> {
        let (address, rtp, rtcp) = self.relay.local(SessionId(id), from.other())?;
        let mut part = self.part(id);
        let negotiation = part.get_mut(&id).ok_or(RelayError::Unknown)?;
        if kind == Kind::Offer {
            return Ok(negotiation.offer(from, sdp, address, (rtp, rtcp))?);
        }
        let body = negotiation.answer(from, sdp, address, (rtp, rtcp))?;
        for side in [Side::A, Side::B] {
            self.relay.set_remote(SessionId(id), side, negotiation.agreed(side))?;
        }
        Ok(body)
    }

    /// Notes that the call is answered. A session that is gone is no matter.
    pub fn join(&self, id: u64) {
        let _ = self.relay.join(SessionId(id));
    }

    /// The figures so far.
    ///
    /// # Errors
    /// `RelayError::Unknown`.
    pub fn stats(&self, id: u64) -> Result<BridgeStats, BridgeError> {
        Ok(self.relay.stats(SessionId(id))?)
    }

    /// Ends the media of a call; its ports rest from now.
    ///
    /// # Errors
    /// `RelayError::Unknown`, also when it was closed already.
    pub fn close(&self, id: u64) -> Result<BridgeStats, BridgeError> {
        self.part(id).remove(&id);
        Ok(self.relay.close(SessionId(id))?)
    }
}
