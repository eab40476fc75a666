//! Tenants as far as calls go.

use super::{
    emergency::TenantEmergency,
    is_default,
    peer::Limits,
    protection::{Eligibility, Protection},
    trunk::Trunk,
};
use crate::{
    ids::{PlanId, TenantId},
    numbering::Owned,
    recording::RecordingPolicy,
    routing::VoiceRoute,
};
use serde::{Deserialize, Serialize};

/// A tenant as far as calls go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its SIP domain and digest realm: `<slug>.<public host>`, without port.
    #[serde(alias = "sip_domain")]
    pub sip_domain: String,
    /// Whether it may call.
    pub active: bool,
    /// Its limits.
    pub limits: Limits,
    /// Its price plan.
    pub plan: PlanId,
    /// Its trunks.
    pub trunks: Vec<Trunk>,
    /// Its voice routes, in order.
    pub routes: Vec<VoiceRoute>,
    /// The names of its SIP users.
    pub users: Vec<String>,
    /// The numbers that it owns.
    pub numbers: Vec<Owned>,
    /// Where it may call, and for how much.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protection: Protection,
    /// Which ways of connection are open to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub eligibility: Eligibility,
    /// What it set for emergency calls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub emergency: TenantEmergency,
    /// What it says of recording its calls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub recording: RecordingPolicy,
}

impl Tenant {
    /// A trunk by its name, compared without case. Looks at each: calls go by the index of
    /// [`TenantPiece`](super::TenantPiece).
    #[must_use]
    pub fn trunk(&self, fqdn: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.fqdn.eq_ignore_ascii_case(fqdn))
    }
}
