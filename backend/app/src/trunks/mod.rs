//! Trunks and voice routes: a tenant's own session border controllers, and what goes to them.

mod check;
mod get;
mod list;
mod patch;
mod sip;

pub(crate) use check::is_host_name;
pub use get::get;
pub(crate) use get::id_of;
pub use list::list;
pub use patch::patch;
pub use sip::{sip_get, sip_patch};

use crate::{health::HealthView, tenants::LimitsPatch};
use domain::config::{Limits, Place, Srtp, Transport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Trunks of a tenant at most.
pub const TRUNKS_MAX: usize = 250;
/// Voice routes of a tenant at most.
pub const ROUTES_MAX: usize = 250;
/// Trunks of one route at most.
pub const ROUTE_TRUNKS_MAX: usize = 250;
/// Addresses of one trunk at most.
pub const ADDRESSES_MAX: usize = 16;

/// A trunk as `/sip` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SipTrunk {
    /// Its SIP port.
    pub sip_signaling_port: i64,
}

/// A voice route as `/sip` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SipRoute {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name, unique in the tenant.
    #[serde(default)]
    pub name: String,
    /// A regular expression over the number with its `+`.
    #[serde(default)]
    pub number_pattern: String,
    /// Its trunks, by FQDN.
    #[serde(default)]
    pub trunks: Vec<String>,
}

/// All that `/sip` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipConfiguration {
    /// The trunks, by FQDN.
    pub trunks: BTreeMap<String, SipTrunk>,
    /// The voice routes, in order.
    pub routes: Vec<SipRoute>,
}

/// A merge-patch of `/sip`: trunks are merged by name and `null` deletes one, routes are replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipPatch {
    /// The trunks to make, change or delete.
    #[serde(default)]
    pub trunks: Option<BTreeMap<String, Option<SipTrunk>>>,
    /// All routes.
    #[serde(default)]
    pub routes: Option<Vec<SipRoute>>,
}

/// How a trunk proves that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// By its TLS certificate.
    Certificate,
    /// By its address.
    Address,
}

/// What a trunk's media is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaView {
    /// Its encryption.
    pub srtp: Srtp,
    /// The codecs it takes, in order; empty is any.
    pub codecs: Vec<String>,
}

/// A trunk as `/api/v1/trunks` says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrunkView {
    /// Its name.
    pub fqdn: String,
    /// Its SIP port.
    pub sip_signaling_port: u16,
    /// Whether the tenant switched it on.
    pub enabled: bool,
    /// Its transport.
    pub transport: Transport,
    /// Where it is, instead of DNS; and from where it may call.
    pub addresses: Vec<Place>,
    /// How it proves that it is one.
    pub authentication: Authentication,
    /// Its media.
    pub media: MediaView,
    /// How much at once.
    pub limits: Limits,
    /// How it is doing.
    pub health: HealthView,
    /// Why calls to it are refused as it stands; `None` where it can be tried.
    pub problem: Option<String>,
}

/// A merge-patch of a trunk; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TrunkPatch {
    /// 1 to 65,535.
    pub sip_signaling_port: Option<i64>,
    /// On or off.
    pub enabled: Option<bool>,
    /// `tls`, `tcp` or `udp`.
    pub transport: Option<Transport>,
    /// All addresses, [`ADDRESSES_MAX`] at most.
    pub addresses: Option<Vec<Place>>,
    /// Its media.
    pub media: Option<MediaPatch>,
    /// How much at once.
    pub limits: Option<LimitsPatch>,
}

/// A change of a trunk's media; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MediaPatch {
    /// `required`, `optional` or `off`.
    pub srtp: Option<Srtp>,
    /// All codecs: `PCMU`, `PCMA`, `G722`, `opus`, …
    pub codecs: Option<Vec<String>>,
}
