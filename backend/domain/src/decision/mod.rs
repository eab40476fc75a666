//! The one decision about a call: used live, for dry runs and for post-mortems.
//!
//! [`decide`] is pure, and is the only code that says what happens to a call. Its rules stand in `rules`, in the order
//! in which they are asked.

mod facts;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
mod verdict;

pub use facts::{Facts, Funds, Peer, PeerLoad, Source, Usage};
pub use rules::{
    ATTEMPTS_MAX, ECHO_CALL_MAX_SECONDS, TEST_CALL_MAX_SECONDS, called, caller, decide, is_emergency, payer,
};
pub use trace::{Mark, Step, StepRef, Trace};
pub use verdict::{Attempt, Decision, EmergencyCall, Target, Verdict};

/// The longest call, in seconds, whatever the money says.
pub const CALL_MAX_SECONDS: u64 = 4 * 3600;

/// How often a call follows a number that forwards.
pub const FORWARDS_MAX: usize = 3;
