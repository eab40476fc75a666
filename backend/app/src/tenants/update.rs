//! The operator changes a tenant.

use super::{LimitsPatch, TenantPatch, TenantStatus, TenantView, view};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    eligibility::{self, Terms},
    protection::{self, Bounds},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    config::Limits,
    ids::{PlanId, TenantId},
    money::Currency,
};
use serde_json::{Value, json};
use store::tenants::Tenant as Row;

/// New calls per second that can be set at most.
pub(crate) const CALLS_PER_SECOND_MAX: u32 = 10_000;
/// Calls at the same time that can be set at most.
pub(crate) const CALLS_MAX: u32 = 100_000;

/// What becomes of one part of a tenant, as it is.
pub type Edit<'a, T> = &'a (dyn Fn(T) -> Result<T, Error> + Sync);

/// What the operator changes about a tenant: all of it, or nothing.
#[derive(Default)]
pub struct TenantEdit<'a> {
    /// Status, limits and plan.
    pub patch: TenantPatch,
    /// Agreement, country and open connections; what the tenant itself set stays.
    pub terms: Option<Edit<'a, Terms>>,
    /// Within which bounds the tenant sets its protection.
    pub bounds: Option<Edit<'a, Bounds>>,
}

/// Changes status, limits or plan of a tenant. Operators only.
///
/// # Errors
/// As [`change`].
pub async fn update(app: &App, actor: &Actor, id: TenantId, patch: TenantPatch) -> Result<TenantView, Error> {
    change(app, actor, id, TenantEdit { patch, ..TenantEdit::default() }).await
}

/// Changes a tenant in one transaction. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field; what an edit answers. Nothing is changed then.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: TenantId,
    edit: TenantEdit<'_>,
) -> Result<TenantView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let missing = || Error::not_found("tenant", "there is no such tenant");
    let row = store::tenants::get(app.db().read(), &scope, id).await?.ok_or_else(missing)?;
    let currency = view::tenant(app, &scope, row).await?.balance.currency;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row = store::tenants::get(tx, &scope, id).await?.ok_or_else(missing)?;
            let changes = apply(app, &mut row, &edit, currency)?;
            let slug = row.slug.clone();
            store::tenants::update(tx, &scope, row).await?;
            for (what, before, after) in changes {
                let change =
                    Change { actor: &actor.name, tenant: Some(id), what, target: &slug, before, after };
                audit::record(app, tx, &scope, change).await?;
            }
            Ok(())
        })
        .await?;
    refresh(app, Changed::Tenant(id)).await?;
    let row = store::tenants::get(app.db().read(), &scope, id).await?.ok_or_else(missing)?;
    view::tenant(app, &scope, row).await
}

/// What is written down of a change: its name, what was, and what is.
type Noted = (&'static str, Value, Value);

fn apply(app: &App, row: &mut Row, edit: &TenantEdit<'_>, currency: Currency) -> Result<Vec<Noted>, Error> {
    let mut noted = Vec::new();
    if let Some(edit) = edit.terms {
        let (before, after) = eligibility::apply(row, edit)?;
        noted.push(("tenant.terms", seen(&before), seen(&after)));
    }
    if let Some(edit) = edit.bounds {
        let (before, after) = protection::apply_bounds(row, edit)?;
        noted.push(("protection.bounds", seen(&before), seen(&after)));
    }
    if edit.patch != TenantPatch::default() {
        let before = patched(row);
        patch(app, row, &edit.patch, currency)?;
        noted.push(("tenant.update", before, patched(row)));
    }
    Ok(noted)
}

fn patched(row: &Row) -> Value {
    json!({ "status": row.status, "callsPerSecond": row.calls_per_second, "maxCalls": row.max_calls,
        "pricePlan": row.plan_id })
}

fn patch(app: &App, row: &mut Row, patch: &TenantPatch, currency: Currency) -> Result<(), Error> {
    if let Some(status) = patch.status {
        row.status = status_word(status)?.to_owned();
    }
    if let Some(limits) = patch.limits {
        apply_limits(limits, &mut row.calls_per_second, &mut row.max_calls)?;
    }
    if let Some(plan) = &patch.price_plan {
        row.plan_id = plan_id(app, plan, currency)?.0;
    }
    Ok(())
}

fn status_word(status: TenantStatus) -> Result<&'static str, Error> {
    match status {
        TenantStatus::Active => Ok("active"),
        TenantStatus::Suspended => Ok("suspended"),
        TenantStatus::Unverified => Err(Error::invalid("status", "set the status to active or suspended")),
    }
}

/// Puts a change of limits into a row.
///
/// # Errors
/// [`Error::Invalid`] where a limit is out of its range.
pub(crate) fn apply_limits(
    patch: LimitsPatch,
    per_second: &mut i32,
    max_calls: &mut i32,
) -> Result<(), Error> {
    if let Some(wanted) = patch.calls_per_second {
        *per_second = limit("limits.callsPerSecond", wanted, CALLS_PER_SECOND_MAX)?;
    }
    if let Some(wanted) = patch.max_calls {
        *max_calls = limit("limits.maxCalls", wanted, CALLS_MAX)?;
    }
    Ok(())
}

/// Whether limits are in their range.
///
/// # Errors
/// [`Error::Invalid`] where one is not.
pub(crate) fn check_limits(limits: Limits) -> Result<(), Error> {
    limit("limits.callsPerSecond", limits.calls_per_second, CALLS_PER_SECOND_MAX)?;
    limit("limits.maxCalls", limits.max_calls, CALLS_MAX).map(drop)
}

fn limit(target: &str, wanted: u32, most: u32) -> Result<i32, Error> {
    let fits = (1..=most).contains(&wanted);
    fits.then_some(wanted)
        .and_then(|wanted| i32::try_from(wanted).ok())
        .ok_or_else(|| Error::invalid(target, format!("set it from 1 to {most}")))
}

fn plan_id(app: &App, wanted: &str, currency: Currency) -> Result<PlanId, Error> {
    let live = app.live();
    let plans = &live.config.platform.value.plans;
    let names = || plans.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>().join(", ");
    let plan =
        plans.iter().find(|plan| plan.name == wanted || plan.id.to_string() == wanted).ok_or_else(|| {
            Error::invalid("pricePlan", format!("there is no such plan; there are: {}", names()))
        })?;
    if plan.currency != currency {
        let message = format!("the plan is in {}, and the tenant's account in {currency}", plan.currency);
        return Err(Error::invalid("pricePlan", message));
    }
    Ok(plan.id)
}
