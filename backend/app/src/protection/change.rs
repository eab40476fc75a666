//! A tenant changes what protects it; the operator changes the bounds.

use super::{
    Bounds, Kept, ProtectionView,
    get::{default_of, get_of, no_tenant, of},
};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
    tenants::{self, Edit, TenantEdit},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{Fault, Protection},
    ids::TenantId,
};
use store::tenants::Tenant;

/// Changes what protects the actor's tenant, within the operator's bounds: `edit` is given the settings as they are, and
/// answers them as they are to be.
///
/// # Errors
/// [`Error::Invalid`] by field; what `edit` answers.
pub async fn change(
    app: &App,
    actor: &Actor,
    edit: impl Fn(Protection) -> Result<Protection, Error>,
) -> Result<ProtectionView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    let default = default_of(app, &scope, id).await?;
    keep(app, actor, &scope, id, "protection.update", |kept| {
        // Selling below cost is the operator's to allow.
        let own = Protection { allow_below_cost: false, ..edit(kept.own)? };
        own.check().map_err(faulty)?;
        kept.bounds.or(&default).allow(&own)?;
        Ok(Kept { own, bounds: kept.bounds })
    })
    .await
}

/// Changes the bounds of a tenant. Operators only. What the tenant set beyond them holds no longer.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field; what `edit` answers.
pub async fn change_bounds(
    app: &App,
    actor: &Actor,
    id: TenantId,
    edit: impl Fn(Bounds) -> Result<Bounds, Error> + Sync,
) -> Result<ProtectionView, Error> {
    tenants::change(app, actor, id, TenantEdit { bounds: Some(&edit), ..TenantEdit::default() }).await?;
    get_of(app, actor, id).await
}

/// Puts changed bounds into a row, and gives what was kept before and after.
pub(crate) fn apply_bounds(row: &mut Tenant, edit: Edit<'_, Bounds>) -> Result<(Kept, Kept), Error> {
    let before = Kept::of(row)?;
    let bounds = edit(before.bounds.clone())?;
    bounds.check()?;
    let after = Kept { bounds, own: before.own.clone() };
    row.protection = serde_json::to_value(&after).map_err(Error::internal)?;
    Ok((before, after))
}

async fn keep(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    id: TenantId,
    what: &'static str,
    edit: impl Fn(Kept) -> Result<Kept, Error>,
) -> Result<ProtectionView, Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row = store::tenants::get(tx, scope, id).await?.ok_or_else(no_tenant)?;
            let before = Kept::of(&row)?;
            let after = edit(before.clone())?;
            row.protection = serde_json::to_value(&after).map_err(Error::internal)?;
            let slug = row.slug.clone();
            store::tenants::update(tx, scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(id),
                what,
                target: &slug,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(id)).await?;
    of(app, scope, id).await
}

/// A fault of the domain, under the names of the API: caps are amounts there.
pub(super) fn faulty(fault: Fault) -> Error {
    let field = match fault.field.as_str() {
        "maxCallMicros" => "caps.perCall",
        "maxDayMicros" => "caps.perDay",
        "maxExposureMicros" => "caps.exposure",
        other => other,
    };
    Error::invalid(field, fault.message)
}
