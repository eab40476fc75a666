//! The back-to-back user agent: a call is two dialogs, and nothing of one leaks into the other.
//!
//! [`Engine`] is sans-I/O: feed it one [`Input`], drain [`Engine::poll_output`], wake it at
//! [`Engine::poll_timeout`]. Every call that was accepted ends in exactly one [`Output::Ended`]. The engine knows
//! no tenants, money or SDP; whom to call is a [`Plan`], SDP goes through the driver ([`MediaNeed`]).

mod api;
mod call;
mod config;
mod confirm;
mod dispatch;
mod engine;
mod exchange;
mod finish;
mod funds;
mod ids;
mod io;
mod negotiate;
mod policy;
mod progress;
mod requests;
mod setup;

#[cfg(test)]
mod tests;

pub use api::{
    Attempt, CallRef, End, FAILOVER_ON, Input, MediaFailed, MediaNeed, Milestone, Output, Plan, Refusal,
    Reply, RequestRef, SdpKind, Side, Summary, Verdict,
};
pub use config::{CALLS_MAX, Config, DRIVER_PATIENCE, REQUESTS_MAX, RING_TIMEOUT};
pub use engine::Engine;
pub use ids::{call_of, shard_of};

pub use crate::transaction::{Peer, Timing};
