//! A simulated PSTN: a carrier behind a real SIP trunk that speaks nothing but SIP and RTP, from sockets of
//! its own.
//!
//! What it does with a call depends on the last two digits of the number ([`behaviour`]), so every flow can
//! be tried without a phone. It knows no tenant, no price and no database; to the platform it is one more
//! carrier.
//!
//! [`tester`] is its other face: a phone of the platform's own that tries a trunk, one call at a time.
//!
//! [`echo`] answers whoever calls the platform's echo, with what it hears.
//!
//! [`driver`] is the plain loop over `sip::ua` and `media` that the PSTN, the test phone and the load tool
//! share: start reading there, then [`pstn`].

#![forbid(unsafe_code)]

pub mod behaviour;
pub mod driver;
pub mod echo;
mod handle;
pub mod line;
pub mod pstn;
pub mod session;
pub mod sound;
pub mod tester;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

pub use handle::Handle;
pub use pstn::Runner;

/// Most calls that the simulated carrier carries at one time; one more is refused with 503 (Q.850 cause 42).
pub const CALLS_MAX: usize = 2_000;
/// How long a call that was placed by [`Handle::call`] lasts at most from its answer on.
pub const PLACED_CALL_MAX: Duration = Duration::from_secs(120);
/// Most requests of [`Handle::call`] that wait for the runner.
pub const COMMANDS_MAX: usize = 256;

/// Where the simulated carrier listens and whom it calls.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its SIP address over UDP; port 0 takes any free one. RTP is bound on the same IP, on free ports.
    pub bind: SocketAddr,
    /// The edge's SIP address over UDP: calls are placed towards it, and taken from its IP address only (from
    /// any port, since an edge may send from another one).
    pub edge: SocketAddr,
    /// From where numbers ending in 98 send their media, against their SDP. `None` takes the next IP address
    /// after that of `bind` where the system has it (all of 127.0.0.0/8 on Linux), else another port.
    pub stray_ip: Option<IpAddr>,
}

impl Config {
    /// On 127.0.0.1 and any free port, for the edge at `edge`.
    #[must_use]
    pub const fn loopback(edge: SocketAddr) -> Self {
        Self { bind: SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0), edge, stray_ip: None }
    }
}

/// Why the simulated carrier could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The SIP address cannot be bound.
    #[error("the sandbox cannot listen on {address}: choose a free address and port")]
    Bind {
        /// The address from the configuration.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why a call was not placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The text is no phone number: an optional `+`, then 2 to 20 digits.
    #[error("{0:?} is no phone number: give a + and digits")]
    BadNumber(String),
    /// As many calls as [`CALLS_MAX`] or [`COMMANDS_MAX`] allow are up or waiting.
    #[error("the sandbox is busy: try again in a moment")]
    Busy,
    /// The runner has stopped.
    #[error("the sandbox has stopped")]
    Stopped,
}

/// A call that was handed to the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The Call-ID under which the INVITE reaches the edge.
    pub sip_call_id: String,
}

/// Binds the sockets, so that [`Handle::local_addr`] is known at once; nothing is answered until
/// [`Runner::run`].
///
/// # Errors
/// When the address cannot be bound or the system has no poll left.
pub fn new(config: Config) -> Result<(Handle, Runner), StartError> {
    pstn::new(config)
}
