//! The database, and with `migrations` the only place that names sea-orm. One file per noun; each holds its queries.
//!
//! Every query takes a `&Scope` right after the connection: a scope of a tenant sees that tenant's rows alone. Reading
//! goes through [`Db::read`], writing through [`Db::write`]; a query works on either. Start reading at [`Db`].

#![forbid(unsafe_code)]

pub mod access_keys;
pub mod api_keys;
pub mod audit;
mod bulk;
pub mod calls;
pub mod carriers;
mod db;
pub mod deliveries;
pub mod emergency;
#[expect(unreachable_pub, reason = "the ORM's derive makes and wants public items")]
mod entity;
mod error;
pub mod heartbeat;
pub mod identities;
pub mod invitations;
pub mod invoices;
pub mod leases;
pub mod ledger;
pub mod orders;
pub mod outbox;
pub mod platform;
pub mod porting;
pub mod prices;
pub mod recordings;
pub mod regulatory;
pub mod rehearsals;
pub mod reservations;
pub mod searches;
pub mod signing_keys;
pub mod sip_users;
pub mod spent;
pub mod stock;
pub mod suppliers;
mod table;
pub mod tenants;
pub mod top_ups;
pub mod trunk_health;
pub mod trunk_registrations;
pub mod trunks;
pub mod users;
pub mod velocity;
pub mod volumes;
pub mod webhooks;

pub use db::{Db, Options, POSTGRES_CONNECTIONS_DEFAULT, READERS_DEFAULT, Tx};
pub use error::{Error, is_transient};

/// What a query runs on: [`Db::read`] or a [`Tx`].
pub use sea_orm::ConnectionTrait as On;
