//! Sessions of the portal: kept on the server under a hash of their id, so that they can be ended there.

mod actor;
mod close;
mod open;
mod sweep;

pub use actor::actor;
pub use close::close;
pub use open::open;
pub use sweep::sweep;

use chrono::{DateTime, Utc};
use domain::access::Actor;

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
