//! Carriers: where the operator's calls to the world go, and come from.

mod check;
mod create;
mod list;
mod sandbox;
mod update;

pub use create::create;
pub use list::list;
pub(crate) use sandbox::{ensure as ensure_sandbox, sandbox_id};
pub use update::update;

use crate::{
    App, Error,
    audit::{Change, seen},
    snapshot::{Changed, refresh},
    tenants::LimitsPatch,
};
use domain::{
    access::Actor,
    config::{CallerIdPolicy, Limits, Transport},
    ids::CarrierId,
    money::Money,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

const fn policy(policy: CallerIdPolicy) -> &'static str {
    match policy {
        CallerIdPolicy::Any => "any",
        CallerIdPolicy::Owned => "owned",
    }
}

fn change<'a>(
    actor: &'a Actor,
    what: &'static str,
    target: &'a str,
    before: Value,
    after: &CarrierView,
) -> Change<'a> {
    Change { actor: &actor.name, tenant: None, what, target, before, after: seen(after) }
}

/// A carrier was switched on or off: that may switch the sandbox, too.
async fn changed(app: &App) -> Result<(), Error> {
    refresh(app, Changed::Platform).await?;
    crate::inventory::ensure_sandbox_stock(app).await
}
