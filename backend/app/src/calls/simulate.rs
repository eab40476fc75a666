//! What would happen to a call: the live decision on hypothetical facts.

use super::{
    Simulation, SimulationSource,
    batch::exposure_cap,
    facts::{conditions, simulated},
    redact::{foreign_number, way},
    view::SimulationView,
};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    config::Snapshot,
    decision::{Facts, Funds, Usage, decide, payer as payer_of},
    exposure::Exposure,
    ids::TenantId,
    rating::month_of,
};

/// Decides a call that nobody makes, on the configuration and money of this moment. Nothing is held or recorded.
///
/// # Errors
/// [`Error::Denied`] where the actor may not read calls, [`Error::Invalid`] where the dialled text can be no number or
/// name, [`Error::NotFound`] for a trunk or number that the tenant does not have.
pub async fn simulate(app: &App, actor: &Actor, call: &Simulation) -> Result<SimulationView, Error> {
    let scope = actor.scope(Permission::ReadCalls)?;
    let tenant =
        scope.tenant().ok_or_else(|| Error::not_found("tenant", "only a tenant's calls can be simulated"))?;
    let live = app.live();
    let facts = hypothetical(&live.config, tenant, call, app.now())?;
    let account = store::ledger::account(app.db().read(), &scope, tenant).await?;
    let (live_calls, calls_last_second) = app.calls().usage.read(tenant);
    let available_micros = account.map_or(0, |account| account.available_micros());
    let now = std::time::Instant::now();
    let spent = app.calls().spend.today(app.db().read(), &scope, tenant, facts.at).await?;
    let held = account.map_or(0, |account| account.held_micros);
    let volumes = store::volumes::used(app.db().read(), &scope, tenant, &month_of(facts.at)).await?;
    let usage = Usage {
        volumes,
        exposure_micros: exposure_cap(&live.config, tenant)
            .and(account)
            .map_or(0, |account| Exposure::of(account.balance_micros, account.held_micros).worst_micros()),
        spent_today_micros: spent.saturating_add(held),
        loads: app.calls().usage.loads(&live.config, &facts, now),
        ..conditions(app, &live.config, Some(tenant))
    };
    let funds = Funds { available_micros, live_calls, calls_last_second, usage };
    let decision = decide(&live.config, &facts, &funds);
    let foreign = foreign_number(&way(&live.config, &facts), decision.payer);
    Ok(SimulationView::of(&decision, foreign.as_deref()))
}

/// The facts of a simulated call, where its tenant may ask for them.
fn hypothetical(
    snapshot: &Snapshot,
    tenant: TenantId,
    call: &Simulation,
    at: DateTime<Utc>,
) -> Result<Facts, Error> {
    if let SimulationSource::Trunk(fqdn) = &call.source {
        // A trunk that is switched off is not recognised as a caller either.
        let trunk = snapshot.tenant(tenant).and_then(|piece| piece.piece.value.trunk(fqdn));
        if !trunk.is_some_and(|trunk| trunk.enabled) {
            let message = format!("there is no trunk {fqdn}, or it is switched off");
            return Err(Error::not_found("source.trunk", message));
        }
    }
    let facts = simulated(tenant, call, at).ok_or_else(|| {
        Error::invalid("to", "dial a full international number with a leading +, or the name of a SIP user")
    })?;
    // A call from the network is decided for whoever owns the number: what strangers do with theirs is not told.
    let is_pstn = call.source == SimulationSource::Pstn;
    if is_pstn && payer_of(snapshot, &facts).is_some_and(|payer| payer != tenant) {
        return Err(Error::not_found("to", format!("{} is not a number of this tenant", facts.to)));
    }
    Ok(facts)
}
