//! What protects a tenant.

use super::{Bounds, Kept, SpendingDefault, read_defaults};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    config::Protection,
    ids::TenantId,
    money::Currency,
};

/// What protects a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectionView {
    /// What the tenant set.
    pub own: Protection,
    /// Within which bounds of the operator.
    pub bounds: Bounds,
    /// These with the platform's defaults for what they do not say.
    pub held_to: Bounds,
    /// What of it decides calls.
    pub effective: Protection,
    /// The currency of the caps.
    pub currency: Currency,
}

/// What protects the actor's tenant.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &Actor) -> Result<ProtectionView, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    of(app, &scope, id).await
}

/// What protects a tenant, for the operator.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get_of(app: &App, actor: &Actor, id: TenantId) -> Result<ProtectionView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    of(app, &scope, id).await
}

pub(super) async fn of(app: &App, scope: &Scope, id: TenantId) -> Result<ProtectionView, Error> {
    let row = store::tenants::get(app.db().read(), scope, id).await?.ok_or_else(no_tenant)?;
    let kept = Kept::of(&row)?;
    let currency = currency_of(app, row.plan_id);
    let default = read_defaults(app.db().read()).await?.of(currency);
    Ok(ProtectionView {
        effective: kept.effective(&default),
        held_to: kept.bounds.or(&default),
        own: kept.own,
        bounds: kept.bounds,
        currency,
    })
}

/// The currency of a plan.
fn currency_of(app: &App, plan: uuid::Uuid) -> Currency {
    app.live().config.plan(domain::ids::PlanId(plan)).map_or(Currency::USD, |plan| plan.currency)
}

/// What the platform says of the spending of a tenant for which the operator set nothing else.
pub(super) async fn default_of(app: &App, scope: &Scope, id: TenantId) -> Result<SpendingDefault, Error> {
    let row = store::tenants::get(app.db().read(), scope, id).await?.ok_or_else(no_tenant)?;
    Ok(read_defaults(app.db().read()).await?.of(currency_of(app, row.plan_id)))
}

pub(super) fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
