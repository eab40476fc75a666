//! The HTTP door: the JSON API and the pages, over TLS and plain HTTP on one port.
//!
//! Start reading at [`serve()`]. A request passes the gate (body, credentials, headers), the replay of repeated POSTs,
//! and one handler of `api` or `portal`, which asks one use case of `app`. This crate knows `app` and `domain` alone.

#![forbid(unsafe_code)]

mod api;
mod assets;
mod auth;
mod caught;
mod cors;
mod door;
mod error;
mod extract;
mod gate;
mod limits;
mod openapi;
mod percent;
mod portal;
mod replay;
mod routes;
mod serve;
mod server;
pub mod tls;
mod versions;
mod websocket;

pub use cors::Origins;
pub use door::{Metrics, Ready};
pub use limits::{Limits, Rate};
pub use openapi::openapi_json;
pub use serve::{Config, serve};
pub use server::Server;
pub use websocket::{Back, SipDoor, SipSocket, SipSockets};
