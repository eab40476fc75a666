//! The operator's first page.

use crate::{App, Error};
use domain::access::{Actor, Permission};
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
    /// By how much money did not add up when it was last counted, micro-units; `None` before the first count.
    pub drift: Option<i64>,
}

/// How the platform is doing. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn overview(app: &App, actor: &Actor) -> Result<Overview, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let on = app.db().read();
    let live_calls = app.deps().edge.as_ref().map_or(0, |edge| edge.count() as u64);
    Ok(Overview {
        tenants: store::tenants::count(on, &scope).await?,
        numbers: store::leases::count(on, &scope).await?,
        stock_free: store::stock::count_free(on, &scope).await?,
        trunks: store::trunks::count(on, &scope).await?,
        sip_users: store::sip_users::count(on, &scope).await?,
        carriers: app.live().config.platform.value.carriers.len() as u64,
        live_calls,
        outbox_pending: store::outbox::count_pending(on, &scope).await?,
        sandbox: app.sandbox_on(),
        drift: crate::money::last_drift(app).map(|drift| drift.figure),
    })
}
