//! Accounts, numbers, trunks and carriers: what tenants and the operator do, on a test's own databases.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod access;
mod carriers;
mod house;
mod identity;
mod inventory;
mod invoices;
mod numbers;
mod orders;
mod porting;
mod regulatory;
mod reservations;
mod snapshot;
mod suppliers;
mod terms;
mod topups;
mod trunks;
mod users;
mod webhooks;
