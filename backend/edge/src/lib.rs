//! The SIP edge: sockets, shards and the registrar's protocol around the sans-I/O core of `sip`.
//!
//! The edge asks and the app answers: the questions stand in [`seam`]. [`new`] gives a [`Handle`], which the app
//! takes, and a [`Runner`], which starts with the app. One thread reads the sockets and steers; each shard is a
//! thread that owns its calls whole, and neither waits for anybody nor locks anything.
//!
//! Who gets which answer is in `shard/`: start reading at `shard/mod.rs`. What a stranger gets: 403 without a word
//! for an INVITE, 404 for a REGISTER, the protocol's own 400, 405 and 501, and silence for all else.

mod batch;
mod certificate_file;
mod config;
mod context;
mod counters;
mod destinations;
mod gauges;
mod guard;
mod handle;
mod hash;
mod inbox;
mod io;
mod origination;
mod overload;
mod reply;
mod runner;
pub mod seam;
mod shard;
mod sockets;
mod stateless;
#[cfg(test)]
mod tests;
mod tick;
mod tls;
mod trace;
mod websocket;
mod words;

pub use config::{Config, Limits};
pub use counters::Counters;
pub use gauges::ShardReading;
pub use guard::{Ban, OFFENDERS_MAX, Offence, PROVEN_MAX, Rules as GuardRules};
pub use handle::{Handle, LiveCall};
pub use runner::{Runner, Running, StartError};
pub use tls::{Credentials, InspectError, Inspection, PeerCertificate, TlsConfig, TlsError};
pub use websocket::{Sink, WebSocket};

/// How a request is read into the words of the seam. The app's property test holds dry runs equal to calls with it.
pub mod reading {
    pub use crate::shard::facts::{of_call, with_approach};
}

/// Makes an edge that does not run yet: the handle that the app takes, and the runner that starts with the app.
#[must_use]
pub fn new(config: Config) -> (Handle, Runner) {
    let (handle, inlets) = Handle::new(&config);
    (handle.clone(), Runner::new(config, handle, inlets))
}
