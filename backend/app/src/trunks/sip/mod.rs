//! The SIP configuration of the data plane: trunks, voice routes and domains in one document.

mod patch;
mod read;
mod rows;
mod test_routes;

pub use patch::sip_patch;
pub use read::sip_get;
pub use test_routes::{SipProbe, sip_test_routes};

use domain::config::{IpVersion, PrivacyHeader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A trunk as `/sip` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SipTrunk {
    /// Its SIP port.
    pub sip_signaling_port: u16,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether a transfer is handed to it, so that the platform steps out of the call.
    pub direct_transfer: bool,
    /// Whether its calls carry `Privacy: id`.
    pub privacy_header: PrivacyHeader,
    /// The version of IP in which its name is looked up.
    pub ip_address_version: IpVersion,
}

/// A voice route as `/sip` says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SipRoute {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name, unique in the tenant.
    pub name: String,
    /// A regular expression over the number with its `+`.
    pub number_pattern: String,
    /// Its trunks, by FQDN.
    pub trunks: Vec<String>,
    /// The caller id to show instead of the caller's. Only the preview version of the protocol knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_id_override: Option<String>,
}

/// A domain as `/sip` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipDomain {
    /// Whether trunks in it are used.
    pub enabled: bool,
}

/// All that `/sip` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipConfiguration {
    /// The domains, by name.
    pub domains: BTreeMap<String, SipDomain>,
    /// The trunks, by FQDN.
    pub trunks: BTreeMap<String, SipTrunk>,
    /// The voice routes, in order.
    pub routes: Vec<SipRoute>,
}

/// A change of one trunk; what is left out stays, or is as a new trunk has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SipTrunkPatch {
    /// 1 to 65,535; a new trunk must have one.
    pub sip_signaling_port: Option<i64>,
    /// On or off.
    pub enabled: Option<bool>,
    /// Whether a transfer is handed to it.
    pub direct_transfer: Option<bool>,
    /// `id` or `none`, compared without case.
    pub privacy_header: Option<String>,
    /// `ipv4` or `ipv6`, compared without case.
    pub ip_address_version: Option<String>,
}

/// A change of one domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SipDomainPatch {
    /// On or off; on where it is left out of a new one.
    pub enabled: Option<bool>,
}

/// A merge-patch of `/sip`: trunks and domains are merged by name and `null` deletes one, routes are replaced as a
/// whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SipPatch {
    /// The domains to add, change or delete.
    pub domains: Option<BTreeMap<String, Option<SipDomainPatch>>>,
    /// The trunks to make, change or delete.
    pub trunks: Option<BTreeMap<String, Option<SipTrunkPatch>>>,
    /// All routes.
    pub routes: Option<Vec<SipRoute>>,
    /// Whether whoever asks speaks the preview of the protocol. A route's `callerIdOverride` is only taken then; to
    /// others it is not there, and what a route has stays with its name.
    pub preview: bool,
}

impl SipPatch {
    /// A patch that makes a trunk, or sets its port.
    #[must_use]
    pub fn trunk(fqdn: &str, port: i64) -> Self {
        let trunk = SipTrunkPatch { sip_signaling_port: Some(port), ..SipTrunkPatch::default() };
        Self { trunks: Some(BTreeMap::from([(fqdn.to_owned(), Some(trunk))])), ..Self::default() }
    }

    /// A patch that deletes a trunk.
    #[must_use]
    pub fn without_trunk(fqdn: &str) -> Self {
        Self { trunks: Some(BTreeMap::from([(fqdn.to_owned(), None)])), ..Self::default() }
    }
}
