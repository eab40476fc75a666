//! The operator looks at the plans.

use super::{VERSIONS_MAX, no_plan};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    ids::PlanId,
    rating::{PricePlan, resolve},
};
use store::{carriers::plans, prices};

/// All plans, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn list(app: &App, actor: &Actor) -> Result<Vec<PricePlan>, Error> {
    actor.scope(Permission::Operate)?;
    Ok(app.live().config.platform.value.plans.clone())
}

/// A plan as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanView {
    /// The plan.
    pub plan: PricePlan,
    /// How many tenants have it.
    pub tenants: u64,
}

/// A version of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionView {
    /// Its number.
    pub number: i32,
    /// `scheduled`, `applied` or `withdrawn`.
    pub state: String,
    /// From when on it is in force.
    pub effective_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The plan.
    pub plan: PricePlan,
}

/// All plans as they are written down, by name. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn views(app: &App, actor: &Actor) -> Result<Vec<PlanView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let live = app.live();
    let rows = plans(app.db().read(), &scope).await?.into_iter();
    let mut all: Vec<PricePlan> = rows
        .map(|row| serde_json::from_value(row.body).map_err(Error::internal))
        .collect::<Result<_, _>>()?;
    resolve(&mut all);
    let view = |plan: PricePlan| {
        let of_plan = live.tenants().filter(|tenant| tenant.piece.piece.value.plan == plan.id);
        PlanView { tenants: of_plan.count() as u64, plan }
    };
    Ok(all.into_iter().map(view).collect())
}

/// A plan. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: PlanId) -> Result<PlanView, Error> {
    views(app, actor).await?.into_iter().find(|view| view.plan.id == id).ok_or_else(no_plan)
}

/// The versions of a plan, the newest first; none of one that nobody has changed. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn versions(app: &App, actor: &Actor, id: PlanId) -> Result<Vec<VersionView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let _ = get(app, actor, id).await?;
    let rows = prices::plan_versions(app.db().read(), &scope, id, VERSIONS_MAX).await?;
    let view = |row: prices::PlanVersion| {
        Ok(VersionView {
            number: row.number,
            state: row.state,
            effective_at: row.effective_at,
            created_by: row.created_by,
            created_at: row.created_at,
            plan: serde_json::from_value(row.body).map_err(Error::internal)?,
        })
    };
    rows.into_iter().map(view).collect()
}
