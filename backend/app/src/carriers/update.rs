//! The operator changes a carrier.

use super::{CarrierPatch, CarrierView, change, check, policy};
use crate::{
    App, Error,
    audit::{self, seen},
    tenants::apply_limits,
};
use domain::{
    access::{Actor, Permission},
    ids::CarrierId,
};
use store::carriers::{Carrier, get};

/// Changes a carrier. Operators only; of the simulated one, hosts and prefixes stay as they are.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`].
pub async fn update(
    app: &App,
    actor: &Actor,
    id: CarrierId,
    patch: CarrierPatch,
) -> Result<CarrierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let row = get(tx, &scope, id).await?.ok_or_else(no_carrier)?;
            let before = check::view(row.clone())?;
            let row = apply(row, &patch)?;
            let after = check::view(row.clone())?;
            store::carriers::update(tx, &scope, row).await?;
            audit::record(
                app,
                tx,
                &scope,
                change(actor, "carrier.update", &before.name, seen(&before), &after),
            )
            .await?;
            Ok(after)
        })
        .await?;
    super::changed(app).await?;
    Ok(after)
}

fn apply(mut row: Carrier, patch: &CarrierPatch) -> Result<Carrier, Error> {
    if row.sandbox && (patch.hosts.is_some() || patch.prefixes.is_some() || patch.caller_id.is_some()) {
        return Err(Error::invalid(
            "id",
            "the simulated carrier can be switched on and off, and limited, but no more",
        ));
    }
    if let Some(enabled) = patch.enabled {
        row.enabled = enabled;
    }
    if let Some(hosts) = &patch.hosts {
        row.hosts = check::hosts(hosts)?;
    }
    if let Some(prefixes) = &patch.prefixes {
        row.prefixes = check::prefixes(prefixes)?;
    }
    if let Some(caller_id) = patch.caller_id {
        row.caller_id = policy(caller_id).to_owned();
    }
    if let Some(limits) = patch.limits {
        apply_limits(limits, &mut row.calls_per_second, &mut row.max_calls)?;
    }
    Ok(row)
}

fn no_carrier() -> Error {
    Error::not_found("carrier", "there is no such carrier")
}
