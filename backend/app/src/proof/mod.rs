//! Proof that money is right: calls are rated again from what was recorded of them, and compared with their records and
//! with the ledger; and the bills of carriers are compared with the calls that were sent to them.

mod bill;
mod reconcile;
mod rerate;

pub use bill::BILL_ROWS_MAX;
pub use reconcile::{BillView, TOLD_MAX, reconcile_bill};
pub use rerate::{CALLS_MAX, DIFFERENCES_MAX, Period, RatedAgain, Rerated, rerate_call, rerate_period};
