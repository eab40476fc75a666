//! What tests share: fake peers, servers started for a test, clients. It says of itself that it is fake; nothing of it
//! is in the product.

#![forbid(unsafe_code)]

pub mod database;
pub mod dns;
pub mod phone;
pub mod receiver;
pub mod server;
pub mod stir;
pub mod tls;
