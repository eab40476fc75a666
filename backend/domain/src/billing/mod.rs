//! Invoices: what stands on one, what it comes to, when a period ends, and what becomes of it afterwards. Pure.
//!
//! The ledger is the truth, an invoice is a print of it: its lines are the charges of a period to the micro-unit
//! ([`Lines`]), and what comes on top, tax and rounding, is posted when it is issued ([`Totals`]).

mod invoice;
mod lease;
mod lines;
mod period;
mod settle;
mod totals;

pub use invoice::{Action, DAYS_MAX, Kind, NotNow, REMINDERS_MAX, State, Terms, title};
pub use lease::{LeaseTerm, lease_rest, lease_term};
pub use lines::{InvoiceLine, LINES_MAX, LineKey, Lines, Subject};
pub use period::{BadZone, Zone};
pub use settle::{Claim, open_amounts};
pub use totals::{Totals, minor_digits, round_to_minor};
