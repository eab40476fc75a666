//! Carriers: where the operator's calls to the world go, and come from.

mod change;
mod check;
mod create;
mod list;
mod order;
mod rows;
mod sandbox;
mod tried;

pub use change::change;
pub use create::create;
pub use list::{get, list};
pub(crate) use order::{NAME as ORDER, check_order, read_order};
pub use order::{order, put_order};
pub(crate) use rows::read;
pub(crate) use sandbox::{ensure as ensure_sandbox, sandbox_id};
pub(crate) use tried::drafted;

use crate::{
    App, Error,
    audit::{Change, seen},
    snapshot::{Changed, refresh},
};
use domain::{
    access::Actor,
    config::{CallerIdPolicy, Carrier, CarrierHost, CarrierPrefix, DEFAULT_QUALITY, Limits, PeerPolicy},
    ids::CarrierId,
};
use serde::Serialize;
use serde_json::Value;

/// Hosts of a carrier at most.
pub const HOSTS_MAX: usize = 32;
/// Prefixes of a carrier at most.
pub const PREFIXES_MAX: usize = 10_000;
/// Calls that a carrier can be said to carry at most.
pub const CAPACITY_MAX: u32 = 1_000_000;

/// A carrier as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarrierView {
    /// What it was told.
    #[serde(flatten)]
    pub carrier: Carrier,
    /// Whether the password of its credentials is kept.
    pub has_password: bool,
}

/// A carrier of which nothing is said but its name, its hosts and what it carries.
#[must_use]
pub fn plain(name: &str, hosts: Vec<CarrierHost>, prefixes: Vec<CarrierPrefix>) -> Carrier {
    Carrier {
        id: CarrierId(uuid::Uuid::nil()),
        name: name.to_owned(),
        sandbox: false,
        enabled: true,
        hosts,
        caller_id: CallerIdPolicy::Any,
        limits: Limits::default(),
        prefixes,
        quality: DEFAULT_QUALITY,
        capacity: None,
        weight: 1,
        policy: PeerPolicy::default(),
        emergency_countries: Vec::new(),
        signing: domain::stir::Signing::Always,
        unverified: false,
        currency: domain::money::Currency::USD,
        deck: None,
    }
}

fn audited<'a>(
    actor: &'a Actor,
    what: &'static str,
    target: &'a str,
    before: Value,
    after: &Carrier,
) -> Change<'a> {
    Change { actor: &actor.name, tenant: None, what, target, before, after: seen(after) }
}

/// A carrier was switched on or off: that may switch the sandbox, too.
async fn changed(app: &App) -> Result<(), Error> {
    refresh(app, Changed::Platform).await?;
    crate::inventory::ensure_sandbox_stock(app).await
}
