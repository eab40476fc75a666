//! The tables as the ORM sees them, one per file. Their rows are the stores' plain records.

#![expect(unreachable_pub, reason = "the derive of the ORM makes public items of private records")]

pub(crate) mod account;
pub(crate) mod call;
pub(crate) mod decision;
pub(crate) mod entry;
pub(crate) mod heartbeat;
pub(crate) mod hold;
pub(crate) mod journal;
pub(crate) mod leg;
