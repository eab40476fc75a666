//! A stop is lifted by hand: what was spent was meant.

use super::{restore::refresh, view::StopView};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission},
    ids::TenantId,
    velocity::Subject,
};
use uuid::Uuid;

/// Lifts a stop, and begins to count what it was about anew. A tenant lifts those of limits that it set itself, the operator all.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Conflict`] where it is over already, or the operator's.
pub async fn lift(app: &App, actor: &Actor, id: Uuid) -> Result<StopView, Error> {
    let operator = actor.scope(Permission::Operate);
    let is_operator = operator.is_ok();
    let scope = operator.or_else(|_| actor.scope(Permission::ManageRouting))?;
    let now = app.now();
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let row = store::velocity::stop(tx, &scope, id).await?.ok_or_else(no_stop)?;
            let before = StopView::of(&row, now)?;
            if !before.in_force {
                return Err(Error::conflict("id", "this stop is over already"));
            }
            if row.by_operator && !is_operator {
                let message = "the limit that was passed is the operator's: ask the operator to lift it";
                return Err(Error::conflict("id", message));
            }
            if !store::velocity::lift(tx, &scope, id, now, &actor.name).await? {
                return Err(Error::conflict("id", "this stop is over already"));
            }
            let row = store::velocity::stop(tx, &scope, id).await?.ok_or_else(no_stop)?;
            let after = StopView::of(&row, now)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(TenantId(row.tenant_id)),
                what: "velocity.lift",
                target: &id.to_string(),
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app).await?;
    Ok(after)
}

/// A stop that was in force is no more, because somebody lifted it: its sums begin anew, on every node.
pub(super) fn forgive(app: &App, tenant: TenantId, of: &Subject) {
    app.velocity().meters().forgive(tenant, of);
}

fn no_stop() -> Error {
    Error::not_found("id", "there is no such stop: GET /api/v1/stops lists them")
}
