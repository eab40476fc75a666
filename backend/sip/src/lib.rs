//! The SIP floor of Dialtone: bytes to messages and back, and the state machines of RFC 3261, without a
//! clock, a socket or a thread of its own.
//!
//! Start reading at [`wire`] (a message is one buffer and offsets into it), then [`header`] and [`uri`]
//! (typed values read on demand), [`stream`] (messages cut out of a connection) and [`digest`] (who is
//! calling). [`model`] is the only place that knows the `rsip` crate.
#![forbid(unsafe_code)]

pub mod b2bua;
pub mod dialog;
pub mod digest;
mod hash;
pub mod header;
pub mod locate;
pub mod model;
mod slab;
pub mod stream;
pub mod transaction;
pub mod ua;
pub mod uri;
pub mod wire;

pub use wire::{Method, Transport};
