//! Replays: a request with an `Idempotency-Key` is answered once, and the same way each time.

use crate::{App, Error};

/// Hours that an answer is kept.
pub const REPLAY_HOURS: i64 = 24;
/// The longest key.
pub const KEY_MAX_LEN: usize = 255;

/// Whether a request is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is: do it, and say [`finish`] or [`abandon`] with this ticket.
    Fresh(Ticket),
    /// It was answered like this.
    Replay {
        /// The status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
}

/// A request that is being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(String);

/// Looks whether a caller has sent this key before. `caller` names who asks (tenant or address), `request` is what was
/// asked: method, path and body.
///
/// # Errors
/// [`Error::Invalid`] for a bad key, [`Error::Conflict`] where the key was used for another request or its answer is
/// not ready yet.
pub async fn begin(_app: &App, _caller: &str, _key: &str, _request: &[u8]) -> Result<Begun, Error> {
    crate::error::later()
}

/// Keeps the answer, sealed, since it may show secrets.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn finish(_app: &App, _ticket: Ticket, _status: u16, _body: &[u8]) -> Result<(), Error> {
    crate::error::later()
}

/// Forgets a request that failed, so that it can be tried again.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn abandon(_app: &App, _ticket: Ticket) -> Result<(), Error> {
    crate::error::later()
}

/// Forgets old answers, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(_app: &App) -> Result<u64, Error> {
    crate::error::later()
}
