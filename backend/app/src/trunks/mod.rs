//! Trunks: a tenant's own session border controllers. [`sip_get`] and its like speak the data plane's protocol; the
//! others all that it has no words for. Voice routes have a place of their own: [`crate::routes`].

mod change;
pub(crate) mod check;
mod get;
mod list;
pub(crate) mod rows;
mod sip;

pub use change::change;
pub(crate) use check::is_host_name;
pub use get::get;
pub(crate) use get::id_of;
pub use list::list;
pub use sip::{
    SipConfiguration, SipDomain, SipDomainPatch, SipPatch, SipProbe, SipRoute, SipTrunk, SipTrunkPatch,
    sip_get, sip_patch, sip_test_routes,
};

use crate::health::HealthView;
use domain::config::Trunk;
use serde::Serialize;

/// Trunks of a tenant at most.
pub const TRUNKS_MAX: usize = 250;
/// Voice routes of a tenant at most.
pub const ROUTES_MAX: usize = 250;
/// Trunks of one route at most.
pub const ROUTE_TRUNKS_MAX: usize = 250;
/// Addresses of one trunk at most.
pub const ADDRESSES_MAX: usize = 16;

/// A trunk as its tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrunkView {
    /// What it was told; its health is as it is now.
    #[serde(flatten)]
    pub trunk: Trunk,
    /// How it is doing.
    pub health: HealthView,
    /// Whether the password of its credentials is kept.
    pub has_password: bool,
    /// Why calls to it are refused as it stands; `None` where it can be tried.
    pub problem: Option<String>,
}
