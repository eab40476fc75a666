//! The plan that tenants start with.

use crate::{App, Error};
use domain::{
    access::Scope,
    config::Snapshot,
    ids::PlanId,
    rating::{PricePlan, sandbox_plan},
};
use store::carriers::{PlanRow, plans, put_plan};
use uuid::Uuid;

/// The plan that tenants start with has the same identifier everywhere.
pub(crate) const fn default_plan() -> PlanId {
    PlanId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_504c_414e))
}

/// The plan that tenants start with, or else the first; `None` while there is none.
#[must_use]
pub fn starting(config: &Snapshot) -> Option<&PricePlan> {
    config.plan(default_plan()).or_else(|| config.platform.value.plans.first())
}

/// Writes the first plan down where there is none.
pub(crate) async fn ensure(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the first plan is the platform's");
    if !plans(app.db().read(), &scope).await?.is_empty() {
        return Ok(());
    }
    let plan = sandbox_plan(default_plan());
    let row = PlanRow {
        id: plan.id.0,
        name: plan.name.clone(),
        version: plan.version.clone(),
        body: serde_json::to_value(&plan).map_err(Error::internal)?,
        created_at: app.now(),
    };
    app.db().write::<_, Error, _>(async |tx| Ok(put_plan(tx, &scope, row.clone()).await?)).await
}
