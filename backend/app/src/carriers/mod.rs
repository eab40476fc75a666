//! Carriers: where the operator's calls to the world go, and come from.

mod create;
mod list;
mod sandbox;
mod update;

pub use create::create;
pub use list::list;
pub(crate) use sandbox::{ensure as ensure_sandbox, sandbox_id};
pub use update::update;

use crate::tenants::LimitsPatch;
use domain::{
    config::{CallerIdPolicy, Limits, Transport},
    ids::CarrierId,
    money::Money,
};
use serde::{Deserialize, Serialize};

/// Hosts of a carrier at most.
pub const HOSTS_MAX: usize = 32;
/// Prefixes of a carrier at most.
pub const PREFIXES_MAX: usize = 10_000;

/// A host of a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// An IP address or a name.
    pub address: String,
    /// Its SIP port, 5060 where it is left out.
    #[serde(default = "sip_port")]
    pub port: u16,
    /// Its transport, UDP where it is left out.
    #[serde(default = "udp")]
    pub transport: Transport,
}

const fn sip_port() -> u16 {
    5060
}

const fn udp() -> Transport {
    Transport::Udp
}

const fn any() -> CallerIdPolicy {
    CallerIdPolicy::Any
}

/// What a carrier carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prefix {
    /// Digits, with or without `+`; empty is everything.
    pub prefix: String,
    /// What a minute costs the operator; nothing where it is left out.
    #[serde(default)]
    pub cost_per_minute: Option<Money>,
}

/// A carrier to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCarrier {
    /// Its name, unique.
    pub name: String,
    /// Its hosts, in order.
    pub hosts: Vec<Host>,
    /// Which caller ids it takes; any where it is left out.
    #[serde(default = "any")]
    pub caller_id: CallerIdPolicy,
    /// How much at once.
    #[serde(default)]
    pub limits: Option<LimitsPatch>,
    /// What it carries.
    pub prefixes: Vec<Prefix>,
}

/// A change of a carrier; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CarrierPatch {
    /// On or off.
    pub enabled: Option<bool>,
    /// All hosts.
    pub hosts: Option<Vec<Host>>,
    /// Which caller ids it takes.
    pub caller_id: Option<CallerIdPolicy>,
    /// How much at once.
    pub limits: Option<LimitsPatch>,
    /// All prefixes.
    pub prefixes: Option<Vec<Prefix>>,
}

/// A carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarrierView {
    /// Its identifier.
    pub id: CarrierId,
    /// Its name.
    pub name: String,
    /// Whether it is the simulated one.
    pub sandbox: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Its hosts, in order.
    pub hosts: Vec<Host>,
    /// Which caller ids it takes.
    pub caller_id: CallerIdPolicy,
    /// How much at once.
    pub limits: Limits,
    /// What it carries.
    pub prefixes: Vec<Prefix>,
}
