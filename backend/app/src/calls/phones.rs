//! The phones of a SIP user that are registered at this moment.

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::access::{Actor, Permission};
use edge::seam::Registrar as _;
use std::{net::SocketAddr, time::SystemTime};

/// A registered phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneView {
    /// Where it was heard from.
    pub address: SocketAddr,
    /// What it says of itself; empty where it says nothing.
    pub user_agent: String,
    /// When its registration lapses.
    pub expires_at: DateTime<Utc>,
}

/// The phones of a user of the actor's tenant that are registered on this node, newest first.
///
/// # Errors
/// [`Error::Denied`] where the actor may not see them.
pub fn phones(app: &App, actor: &Actor, username: &str) -> Result<Vec<PhoneView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let live = app.live();
    let Some(tenant) = scope.tenant().and_then(|id| live.tenant(id)) else { return Ok(Vec::new()) };
    let address_of_record = format!("{username}@{}", tenant.piece.piece.value.sip_domain);
    let bindings = super::registrations(app).lookup(&address_of_record, SystemTime::now());
    let view = |binding: edge::seam::Binding| PhoneView {
        address: binding.hop.address,
        user_agent: binding.user_agent,
        expires_at: binding.expires_at.into(),
    };
    Ok(bindings.into_iter().map(view).collect())
}
