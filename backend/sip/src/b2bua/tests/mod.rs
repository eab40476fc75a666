//! Scenarios: phones on both sides, virtual time, and a wire that can be made bad.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a virtual clock has to start somewhere")]

mod across;
mod announce;
mod calls;
mod chaos;
mod early;
mod glare;
mod inside;
mod legs;
mod originate;
mod phone;
mod reliable;
mod requests;
mod session;
mod setup;
mod transfer;
mod world;
