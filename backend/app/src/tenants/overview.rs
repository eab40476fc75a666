//! The operator's first page.

use crate::{App, Error};
use domain::access::Actor;
use serde::Serialize;

/// How the platform is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Tenants, suspended ones included.
    pub tenants: u64,
    /// Numbers that tenants own.
    pub numbers: u64,
    /// Numbers for sale.
    pub stock_free: u64,
    /// Trunks.
    pub trunks: u64,
    /// SIP users.
    pub sip_users: u64,
    /// Carriers, the simulated one included.
    pub carriers: u64,
    /// Calls up at this moment on this node.
    pub live_calls: u64,
    /// Messages that wait in the outbox.
    pub outbox_pending: u64,
    /// Whether the simulated PSTN is there.
    pub sandbox: bool,
}

/// How the platform is doing. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn overview(_app: &App, _actor: &Actor) -> Result<Overview, Error> {
    crate::error::later()
}
