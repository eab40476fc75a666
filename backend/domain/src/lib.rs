//! The business words and rules of Dialtone, pure: phone numbers, money, access, routing, rating and the one
//! decision about a call.
//!
//! Floor 0: nothing here reads a clock, a socket, a file or the environment; time and randomness are arguments.
//! Start reading at [`decision::decide`].

#![forbid(unsafe_code)]

pub mod access;
pub mod billing;
pub mod cause;
pub mod config;
pub mod country;
pub mod decision;
pub mod deck;
pub mod events;
pub mod exposure;
pub mod grants;
pub mod health;
pub mod high_risk;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod location;
pub mod money;
pub mod notation;
pub mod numbering;
pub mod phone;
pub mod porting;
pub mod prefix;
pub mod rating;
pub mod reconciliation;
pub mod recording;
pub mod registration;
pub mod rehearsal;
pub mod routing;
pub mod stir;
pub mod tax;
pub mod velocity;
