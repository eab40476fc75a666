//! Bans of this node's SIP edge: addresses that scanned, guessed or flooded, and are not heard for a while.

mod lift;
mod list;

pub use lift::{lift, lift_all};
pub use list::{BanView, list};
