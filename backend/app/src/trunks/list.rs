//! A tenant looks at its trunks.

use super::{Authentication, MediaView, TrunkView};
use crate::{App, Error, health, snapshot::load};
use domain::{
    access::{Actor, Permission},
    config::{Transport, Trunk},
};

/// The trunks of the actor's tenant, by name; [`TRUNKS_MAX`](super::TRUNKS_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<TrunkView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let rows = store::trunks::all(app.db().read(), &scope).await?;
    rows.into_iter().map(|row| Ok(view(app, load::trunk(row)?))).collect()
}

pub(super) fn view(app: &App, trunk: Trunk) -> TrunkView {
    let by_certificate = trunk.transport == Transport::Tls && trunk.addresses.is_empty();
    TrunkView {
        problem: trunk.unusable(app.settings().abilities),
        sip_signaling_port: trunk.port,
        enabled: trunk.enabled,
        transport: trunk.transport,
        addresses: trunk.addresses,
        authentication: if by_certificate { Authentication::Certificate } else { Authentication::Address },
        media: MediaView { srtp: trunk.srtp, codecs: trunk.codecs },
        limits: trunk.limits,
        health: health::view(app, trunk.id.0),
        fqdn: trunk.fqdn,
    }
}
