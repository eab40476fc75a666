//! A tenant looks at its trunks.

use super::{TrunkView, check};
use crate::{App, Error, eligibility, health, snapshot::load};
use domain::{
    access::{Actor, Permission},
    ids::TenantId,
};
use std::collections::HashMap;

/// The trunks of the actor's tenant, by name; [`TRUNKS_MAX`](super::TRUNKS_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<TrunkView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let on = app.db().read();
    let domains = store::trunks::domains(on, &scope).await?;
    let domains: HashMap<String, bool> = domains.into_iter().map(|row| (row.name, row.enabled)).collect();
    let rows = store::trunks::all(on, &scope).await?;
    rows.into_iter().map(|row| view(app, row, &domains)).collect()
}

/// A trunk with its state as it is now. `domains` says which domains are switched on.
pub(super) fn view(
    app: &App,
    row: store::trunks::Trunk,
    domains: &HashMap<String, bool>,
) -> Result<TrunkView, Error> {
    let has_password = row.outbound_secret.is_some();
    let tenant = TenantId(row.tenant_id);
    let mut trunk = load::trunk(row)?;
    let health = health::view(app, trunk.id.0);
    trunk.health = health.status;
    let domain = check::domain_of(&trunk.fqdn);
    let is_off = domains.get(domain).is_some_and(|enabled| !enabled);
    let problem = is_off
        .then(|| format!("the domain {domain} is switched off"))
        .or_else(|| eligibility::no_direct_routing(app, tenant))
        .or_else(|| trunk.unusable(app.settings().abilities));
    Ok(TrunkView { problem, has_password, health, trunk })
}
