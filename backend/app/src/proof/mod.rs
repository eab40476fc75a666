//! Proof that money is right: calls are rated again from what was recorded of them, and compared with their records and
//! with the ledger.

mod rerate;

pub use rerate::{CALLS_MAX, DIFFERENCES_MAX, Period, RatedAgain, Rerated, rerate_call, rerate_period};
