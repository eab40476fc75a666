//! Money: the balance, the ledger, credit, and the check that all of it adds up.

mod balance;
mod credit;
mod currency;
mod drift;
mod ledger;
mod reverse;

pub use balance::{BalanceView, balance};
pub use credit::{REASON_MAX, credit, set_credit_limit};
pub use currency::currency;
pub use drift::{DriftView, check_drift, drift, last_drift};
pub use ledger::{EntryView, ledger, ledger_of};
pub use reverse::reverse;
