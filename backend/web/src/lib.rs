//! The HTTP door.

#![forbid(unsafe_code)]

mod auth;
mod error;
mod extract;
mod percent;
mod server;
pub mod tls;

pub use server::Server;
