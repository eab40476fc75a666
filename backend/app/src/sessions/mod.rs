//! Sessions of the portal: kept on the server under a hash of their id, so that they can be ended there.

mod actor;
mod close;
mod open;
mod sweep;

pub use actor::actor;
pub use close::close;
pub use open::open;
pub use sweep::sweep;

use crate::Error;
use chrono::{DateTime, Utc};
use domain::access::Actor;
use sha2::{Digest, Sha256};

/// Hours that a session lasts.
pub const SESSION_HOURS: i64 = 12;

/// A session that was opened.
#[derive(Clone)]
pub struct Session {
    /// What the cookie holds; it is not kept here.
    pub token: String,
    /// Who signed in.
    pub actor: Actor,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What is kept of a token.
fn hashed(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

fn ended() -> Error {
    Error::unauthenticated("this session has ended: sign in again")
}
