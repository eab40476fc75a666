//! Where peers are that are known by name. Names of the configuration are looked up in the background, so that a call
//! waits for the DNS only where a name was never seen; what was found is used on while the DNS is silent.
//!
//! [`Names::hops`] is the calls' question; [`refresh`] is the job.

mod hops;
mod refresh;
mod shunned;
mod table;
mod wanted;

pub(crate) use hops::{all_hops, find_all, trunk_hops};
pub(crate) use refresh::find;
pub use refresh::refresh;
pub(crate) use table::{Names, SHUNNED_FOR};
pub(crate) use wanted::{of_carrier_host, of_registrar, of_trunk, transport};

use crate::snapshot::Sender;
use std::{collections::HashMap, net::IpAddr};

/// Carriers and registrars that are known by name, by the addresses that their names have now.
pub(crate) type Senders = HashMap<IpAddr, Vec<Sender>>;
