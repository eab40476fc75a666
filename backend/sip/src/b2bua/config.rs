//! What the engine is told once, at its start.

use std::time::Duration;

use crate::Transport;
use crate::transaction::{TRANSACTIONS_MAX, Timing};

/// The longest that an INVITE rings (the outside contract of the product).
pub const RING_TIMEOUT: Duration = Duration::from_secs(120);
/// The most calls that one engine holds, those that are just ending included.
pub const CALLS_MAX: usize = 50_000;
/// The most requests that wait for the driver's word at once.
pub const REQUESTS_MAX: usize = 10_000;
/// How long a request or an accepted call waits for the driver's word before it is refused with 503.
pub const DRIVER_PATIENCE: Duration = Duration::from_secs(16);

/// Settings of one engine.
#[derive(Debug, Clone)]
pub struct Config {
    /// This shard; it stands in our branches, tags, Call-IDs and Contacts, see [`shard_of`](super::shard_of).
    pub shard: u16,
    /// Randomness that nobody else knows: tags, branches and Call-IDs are a counter hashed with it.
    pub secret: [u8; 16],
    /// `host:port` per transport, for Via and Contact; the first stands in for a transport not listed.
    pub sent_by: Vec<(Transport, String)>,
    /// What User-Agent and Server say; empty for neither header.
    pub user_agent: String,
    /// The timer values of RFC 3261 §17.
    pub timing: Timing,
    /// How long a call may ring in all, its attempts together. Default [`RING_TIMEOUT`].
    pub ring_timeout: Duration,
    /// The most calls at once; an INVITE beyond gets 503 with Retry-After. Default [`CALLS_MAX`].
    pub calls_max: usize,
    /// The most transactions at once. Default [`TRANSACTIONS_MAX`].
    pub transactions_max: usize,
}

impl Config {
    /// The usual settings for a shard that is reached at these addresses.
    #[must_use]
    pub fn new(shard: u16, secret: [u8; 16], sent_by: Vec<(Transport, String)>) -> Self {
        Self {
            shard,
            secret,
            sent_by,
            user_agent: "Dialtone".to_owned(),
            timing: Timing::default(),
            ring_timeout: RING_TIMEOUT,
            calls_max: CALLS_MAX,
            transactions_max: TRANSACTIONS_MAX,
        }
    }

    /// Our `host:port` on a transport.
    pub(super) fn host(&self, transport: Transport) -> &str {
        let listed =
            self.sent_by.iter().find(|(other, _)| *other == transport).or_else(|| self.sent_by.first());
        listed.map_or("localhost", |(_, host)| host.as_str())
    }
}
