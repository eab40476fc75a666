//! The database, and with `migrations` the only place that names sea-orm. One file per noun; each holds its queries.
//!
//! Every query takes a `&Scope` right after the connection: a scope of a tenant sees that tenant's rows alone. Reading
//! goes through [`Db::read`], writing through [`Db::write`]; a query works on either. Start reading at [`Db`].

#![forbid(unsafe_code)]

pub mod calls;
mod db;
mod entity;
mod error;
pub mod heartbeat;
pub mod holds;
pub mod ledger;

pub use db::{Db, Options, POSTGRES_CONNECTIONS_DEFAULT, READERS_DEFAULT, Tx};
pub use error::Error;

/// What a query runs on: [`Db::read`] or a [`Tx`].
pub use sea_orm::ConnectionTrait as On;
