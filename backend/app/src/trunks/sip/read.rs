//! What `/sip` shows.

use super::{SipConfiguration, SipDomain, SipRoute, SipTrunk};
use crate::{App, Error, snapshot::load};
use domain::{
    access::{Actor, Permission, Scope},
    config::Trunk,
    routing::VoiceRoute,
};
use store::trunks;

/// Domains, trunks and routes of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`].
pub async fn sip_get(app: &App, actor: &Actor) -> Result<SipConfiguration, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    configuration(app.db().read(), &scope).await
}

/// What the rows say.
pub(super) async fn configuration(on: &impl store::On, scope: &Scope) -> Result<SipConfiguration, Error> {
    let domains = trunks::domains(on, scope).await?;
    let rows = trunks::all(on, scope).await?;
    let routes = trunks::routes(on, scope).await?;
    Ok(SipConfiguration {
        domains: domains.into_iter().map(|row| (row.name, SipDomain { enabled: row.enabled })).collect(),
        trunks: rows
            .into_iter()
            .map(|row| load::trunk(row).map(|trunk| (trunk.fqdn.clone(), shown(&trunk))))
            .collect::<Result<_, Error>>()?,
        routes: routes
            .into_iter()
            .map(|row| load::route(row).map(SipRoute::from))
            .collect::<Result<_, Error>>()?,
    })
}

fn shown(trunk: &Trunk) -> SipTrunk {
    SipTrunk {
        sip_signaling_port: trunk.port,
        enabled: trunk.enabled,
        direct_transfer: trunk.policy.direct_transfer,
        privacy_header: trunk.policy.privacy_header,
        ip_address_version: trunk.policy.ip_version,
    }
}

impl From<VoiceRoute> for SipRoute {
    fn from(route: VoiceRoute) -> Self {
        let trunks = route.targets.into_iter().map(|target| target.fqdn).collect();
        Self {
            trunks,
            description: route.description,
            name: route.name,
            number_pattern: route.number_pattern,
            caller_id_override: route.caller_id_override,
        }
    }
}
