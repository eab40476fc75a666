//! The back-to-back user agent: a call is two dialogs, and nothing of one leaks into the other.
//!
//! [`Engine`] is sans-I/O: feed it one [`Input`], drain [`Engine::poll_output`], wake it at
//! [`Engine::poll_timeout`]. Every call that was accepted ends in exactly one [`Output::Ended`]. The engine knows
//! no tenants, money or SDP; whom to call is a [`Plan`], SDP goes through the driver ([`MediaNeed`]).

mod across;
mod announce;
mod api;
mod call;
mod config;
mod confirm;
mod credentials;
mod digits;
mod dispatch;
mod diversion;
mod early;
mod engine;
mod exchange;
mod finish;
mod funds;
mod ids;
mod io;
mod leg;
mod link;
mod negotiate;
mod originate;
mod plan;
mod policy;
mod prack;
mod progress;
mod refresh;
mod reliable;
mod replaces;
mod requests;
mod response;
mod session;
mod setup;
mod transfer;
mod trial;

#[cfg(test)]
mod tests;

pub use across::Word;
pub use announce::{ANNOUNCEMENT_MAX, Farewell, Played};
pub use api::{
    CallRef, End, Input, MediaNeed, Milestone, OriginRef, Output, Reply, RequestRef, SdpKind, Side, Summary,
};
pub use config::{CALLS_MAX, Config, DRIVER_PATIENCE, REQUESTS_MAX, RING_TIMEOUT};
pub use credentials::{Credentials, Secret};
pub use digits::Digit;
pub use engine::Engine;
pub use ids::{call_of, home_of, shard_of};
pub use leg::{
    CODECS_MAX, DigitForm, DiversionForm, EarlyMedia, Encryption, Extensions, LegPolicy, MediaRules,
    OfferPolicy, Redirect, Reliability, SESSION_EXPIRES, SESSION_MIN, SessionTimer, Transfer,
};
pub use originate::{ORIGINS_MAX, Origination};
pub use plan::{
    Attempt, BodyPart, DATAGRAM_MAX, FAILOVER_ON, MediaFailed, Plan, RETRY_AFTER_SECS, Refusal, Verdict,
};

pub use crate::transaction::{Failure, Peer, Timing};
