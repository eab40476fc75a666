//! The operator looks at the bans.

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::access::{Actor, Permission};
use serde::Serialize;
use std::net::IpAddr;

/// An address that is not heard at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BanView {
    /// The address; of IPv6 the first of its /64, which is banned whole.
    pub address: IpAddr,
    /// What tipped the scale: `scanner`, `wrong-credentials`, `stranger`, `enumeration`, `unproven` or `malformed`.
    pub reason: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, if nothing more is done.
    pub until: DateTime<Utc>,
    /// Which ban of this address it is, from 1, as far as is remembered.
    pub times: u32,
    /// Whether connections are refused too. A ban for datagrams alone is for an address that could be forged.
    pub covers_connections: bool,
}

/// The bans of this node, the newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn list(app: &App, actor: &Actor) -> Result<Vec<BanView>, Error> {
    actor.scope(Permission::Operate)?;
    let bans = app.deps().edge.as_ref().map(edge::Handle::bans).unwrap_or_default();
    let view = |ban: edge::Ban| BanView {
        address: ban.address,
        reason: ban.reason.word(),
        since: ban.since.into(),
        until: ban.until.into(),
        times: ban.times,
        covers_connections: ban.covers_streams,
    };
    Ok(bans.into_iter().map(view).collect())
}
