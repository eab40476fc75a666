//! The facts of a call, from its two ends: an INVITE as the edge saw it, and the JSON of a simulation. Both go through
//! the same readings of caller id and dialled text, so that a dry run and a live call are decided on equal facts.

use crate::App;
use chrono::{DateTime, Utc};
use domain::{
    cause::Cause,
    config::Snapshot,
    decision::{Facts, Source, Usage},
    ids::{CarrierId, TenantId},
    phone::Dialled,
};
use edge::seam::{CallFacts, PartyKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A call that might be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Simulation {
    /// The caller id; absent, empty or `anonymous` is anonymous.
    #[serde(default)]
    pub from: Option<String>,
    /// What is dialled.
    pub to: String,
    /// Where the call comes from.
    pub source: SimulationSource,
}

/// Where a simulated call comes from: `"app"`, `{"trunk": "<fqdn>"}` or `"pstn"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SimulationSource {
    /// A SIP user or an app of the tenant.
    App,
    /// A trunk of the tenant, by its FQDN.
    Trunk(String),
    /// The telephone network, over any carrier.
    Pstn,
}

/// The facts of a live call.
///
/// # Errors
/// [`Cause::BadNumber`] where nothing was dialled that could be a number or a name, [`Cause::PlatformUnavailable`] where
/// the edge names a party without a tenant.
pub(super) fn facts_of(call: &CallFacts) -> Result<Facts, Cause> {
    let tenant =
        || call.party.tenant.map(|id| TenantId(Uuid::from_u128(id))).ok_or(Cause::PlatformUnavailable);
    let (source, shown) = match call.party.kind {
        PartyKind::User => (Source::App { tenant: tenant()? }, call.from.as_deref()),
        PartyKind::Trunk => {
            (Source::Trunk { tenant: tenant()?, fqdn: call.party.name.to_string() }, call.from.as_deref())
        }
        PartyKind::Tester => {
            (Source::Test { tenant: tenant()?, fqdn: call.party.name.to_string() }, call.from.as_deref())
        }
        PartyKind::Carrier => {
            let carrier = Some(CarrierId(Uuid::from_u128(call.party.id)));
            (Source::Carrier { carrier }, call.asserted.as_deref().or(call.from.as_deref()))
        }
    };
    let to = Dialled::parse(&call.to).ok_or(Cause::BadNumber)?;
    let facts = Facts::new(source, caller_id(shown), to);
    Ok(Facts { at: call.at.into(), draw: draw(call.call), ..facts })
}

/// The facts of a simulated call of a tenant. `None` where what is dialled is neither a number nor a name.
pub(super) fn simulated(tenant: TenantId, call: &Simulation, at: DateTime<Utc>) -> Option<Facts> {
    let source = match &call.source {
        SimulationSource::App => Source::App { tenant },
        SimulationSource::Trunk(fqdn) => Source::Trunk { tenant, fqdn: fqdn.clone() },
        SimulationSource::Pstn => Source::Carrier { carrier: None },
    };
    let facts = Facts::new(source, caller_id(call.from.as_deref()), Dialled::parse(&call.to)?);
    Some(Facts { at, ..facts })
}

/// What is drawn for a call: the random half of its identifier.
fn draw(call: u128) -> u64 {
    Uuid::from_u128(call).as_u64_pair().1
}

/// A caller id, where one is shown at all (RFC 3323 §4.1.1.3: `anonymous` is none).
fn caller_id(shown: Option<&str>) -> Option<Dialled> {
    shown.filter(|text| !text.eq_ignore_ascii_case("anonymous")).and_then(Dialled::parse)
}

/// What is going on beside money, of what a call of this payer might meet: live, for a dry run, and kept for a
/// post-mortem.
pub(super) fn conditions(app: &App, _snapshot: &Snapshot, payer: Option<TenantId>) -> Usage {
    Usage {
        offline: app.health().offline(payer),
        stops: payer.map(|payer| app.velocity().stops(payer)).unwrap_or_default(),
        ..Usage::NONE
    }
}
