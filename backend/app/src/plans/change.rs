//! The operator makes and changes plans.

use super::{PlanView, get};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    decks,
    snapshot::{Changed, refresh},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::PlanId,
    rating::PricePlan,
};
use serde_json::{Value, json};
use store::{
    Tx,
    carriers::{PlanRow, plans, put_plan},
    prices,
};
use uuid::Uuid;

/// Plans at most.
pub const PLANS_MAX: usize = 1_000;
/// Scheduled versions of a plan at most.
const SCHEDULED_MAX: usize = 20;

/// When a change comes into force, and whether it may sell below cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct When {
    /// From when on; now where it is left out or past.
    pub effective_at: Option<DateTime<Utc>>,
    /// Whether somebody confirmed that it sells below cost.
    pub below_cost: bool,
}

/// Makes a plan; it is given its identifier and its version here. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field, [`Error::Conflict`] where there is one of that name, or `BelowCost`
/// (409) where it sells below cost and that is not confirmed.
pub async fn create(app: &App, actor: &Actor, new: PricePlan, when: When) -> Result<PlanView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let id = PlanId(Uuid::now_v7());
    let name = new.name.trim().to_owned();
    let plan = PricePlan { id, version: version(&name, 1), name, ..new };
    let plan = settled(app.db().read(), &scope, plan).await?;
    checked(app, &scope, &plan, when.below_cost).await?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            if plans(tx, &scope).await?.len() >= PLANS_MAX {
                return Err(Error::conflict("name", format!("there are {PLANS_MAX} plans, and no more")));
            }
            let row = row(&plan, app.now())?;
            put_plan(tx, &scope, row).await.map_err(taken)?;
            let version = of(&plan, (1, prices::APPLIED), actor, (app.now(), app.now()))?;
            prices::insert_plan_version(tx, &scope, version).await?;
            note(app, tx, &scope, actor, &plan.name, ("pricePlan.create", Value::Null, seen(&plan))).await
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    get(app, actor, id).await
}

/// Changes a plan, now or at a later time: `edit` is given it as it is, and answers it as it is to be; it may be asked
/// more than once. What changes is a new version. Operators only.
///
/// # Errors
/// As [`create`], and what `edit` answers.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: PlanId,
    when: When,
    edit: impl Fn(PricePlan) -> Result<PricePlan, Error>,
) -> Result<PlanView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let before = stored(app.db().read(), &scope, id).await?;
    let after = settled(app.db().read(), &scope, edited(&before.1, &edit)?).await?;
    checked(app, &scope, &after, when.below_cost).await?;
    let at = when.effective_at.filter(|at| *at > app.now());
    app.db()
        .write::<_, Error, _>(async |tx| {
            let (old, before) = stored(tx, &scope, id).await?;
            let after = settled(tx, &scope, edited(&before, &edit)?).await?;
            let known = prices::plan_versions(tx, &scope, id, 200).await?;
            let number = known.first().map_or(1, |last| last.number) + 1;
            let after = PricePlan { version: version(&after.name, number), ..after };
            let waiting = known.iter().filter(|version| version.state == prices::SCHEDULED).count();
            if at.is_some() && waiting >= SCHEDULED_MAX {
                let text = format!("{SCHEDULED_MAX} versions wait for their time already: withdraw one");
                return Err(Error::conflict("effectiveAt", text));
            }
            if known.is_empty() {
                let first = of(&before, (1, prices::APPLIED), actor, (old.created_at, old.created_at))?;
                prices::insert_plan_version(tx, &scope, first).await?;
            }
            let state = if at.is_some() { prices::SCHEDULED } else { prices::APPLIED };
            let version = of(&after, (number, state), actor, (at.unwrap_or_else(|| app.now()), app.now()))?;
            prices::insert_plan_version(tx, &scope, version).await?;
            if at.is_none() {
                let row = row(&after, old.created_at)?;
                put_plan(tx, &scope, row).await.map_err(taken)?;
            }
            let shown = match at {
                Some(at) => json!({"effectiveAt": at, "plan": seen(&after)}),
                None => seen(&after),
            };
            note(app, tx, &scope, actor, &before.name, ("pricePlan.update", seen(&before), shown)).await
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    get(app, actor, id).await
}

/// A plan as it would be, where it can be.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] by field.
pub(crate) async fn drafted(app: &App, scope: &Scope, draft: PricePlan) -> Result<PricePlan, Error> {
    let (_, before) = stored(app.db().read(), scope, draft.id).await?;
    let plan = settled(app.db().read(), scope, edited(&before, |_| Ok(draft.clone()))?).await?;
    checked(app, scope, &plan, true).await?;
    Ok(plan)
}

/// Takes a scheduled version back. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it does not wait for its time.
pub async fn withdraw(app: &App, actor: &Actor, id: PlanId, number: i32) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let (_, plan) = stored(tx, &scope, id).await?;
            let known = prices::plan_versions(tx, &scope, id, super::VERSIONS_MAX).await?;
            let row = known.into_iter().find(|version| version.number == number);
            let row = row.ok_or_else(|| Error::not_found("version", "this plan has no such version"))?;
            if row.state != prices::SCHEDULED {
                let text = format!("version {number} is {}: change the plan instead", row.state);
                return Err(Error::conflict("version", text));
            }
            let row = prices::PlanVersion { state: prices::WITHDRAWN.to_owned(), ..row };
            prices::update_plan_version(tx, &scope, row).await?;
            let what = ("pricePlan.withdraw", Value::Null, json!({"number": number}));
            note(app, tx, &scope, actor, &plan.name, what).await
        })
        .await
}

/// A scheduled version comes into force.
pub(crate) async fn apply(tx: &Tx, scope: &Scope, row: prices::PlanVersion) -> Result<(), Error> {
    let id = PlanId(row.plan_id);
    let (old, _) = stored(tx, scope, id).await?;
    let plan: PricePlan = serde_json::from_value(row.body.clone()).map_err(Error::internal)?;
    put_plan(tx, scope, self::row(&plan, old.created_at)?).await?;
    let row = prices::PlanVersion { state: prices::APPLIED.to_owned(), ..row };
    Ok(prices::update_plan_version(tx, scope, row).await?)
}

/// The row of a plan, and the plan as it is now; its version is its own.
pub(super) async fn stored<C: store::On>(
    on: &C,
    scope: &Scope,
    id: PlanId,
) -> Result<(PlanRow, PricePlan), Error> {
    let rows = plans(on, scope).await?;
    let row = rows.iter().find(|row| row.id == id.0).ok_or_else(super::no_plan)?.clone();
    let plan: PricePlan = serde_json::from_value(row.body.clone()).map_err(Error::internal)?;
    let base = plan.base.as_deref().and_then(|base| rows.iter().find(|row| row.id == base.plan.0));
    let Some(base) = base else { return Ok((row, plan)) };
    let base: PricePlan = serde_json::from_value(base.body.clone()).map_err(Error::internal)?;
    let plan = PricePlan { version: plan.version.clone(), ..plan.over(&base) };
    Ok((row, plan))
}

/// The plan as its base makes it, where it has one: there is such a base, it has none itself, and nobody builds on the plan.
async fn settled<C: store::On>(on: &C, scope: &Scope, plan: PricePlan) -> Result<PricePlan, Error> {
    let Some(used) = plan.base.as_deref() else { return Ok(plan) };
    let rows = plans(on, scope).await?;
    let read = |row: &PlanRow| serde_json::from_value::<PricePlan>(row.body.clone()).map_err(Error::internal);
    let base = rows.iter().find(|row| row.id == used.plan.0 && row.id != plan.id.0).map(read).transpose()?;
    let base = base.ok_or_else(|| Error::invalid("base", "there is no such price plan to build on"))?;
    if base.base.is_some() {
        let text = format!("{} builds on another plan itself: take that one", base.name);
        return Err(Error::invalid("base", text));
    }
    if base.currency != plan.currency {
        let text = format!("{} is in {}, and this plan in {}", base.name, base.currency, plan.currency);
        return Err(Error::invalid("base", text));
    }
    for row in &rows {
        let other = read(row)?;
        if other.base.is_some_and(|base| base.plan == plan.id) {
            let text = format!("{} builds on this plan, so this one builds on none", other.name);
            return Err(Error::invalid("base", text));
        }
    }
    Ok(PricePlan { version: plan.version.clone(), ..plan.over(&base) })
}

fn edited(
    before: &PricePlan,
    edit: impl Fn(PricePlan) -> Result<PricePlan, Error>,
) -> Result<PricePlan, Error> {
    let after = edit(before.clone())?;
    if after.currency != before.currency {
        let text = format!(
            "a plan keeps its currency, {}: make another plan for {}",
            before.currency, after.currency
        );
        return Err(Error::invalid("currency", text));
    }
    let name = after.name.trim().to_owned();
    Ok(PricePlan { id: before.id, version: before.version.clone(), name, ..after })
}

/// Whether a plan can be, and whether it sells below cost.
async fn checked(app: &App, scope: &Scope, plan: &PricePlan, below_cost: bool) -> Result<(), Error> {
    plan.check().map_err(|(field, text)| Error::invalid(&field, text))?;
    if let Some(used) = &plan.deck {
        let deck = prices::deck(app.db().read(), scope, used.deck).await?;
        let deck = deck.ok_or_else(|| Error::invalid("deck", "there is no such rate deck"))?;
        if deck.kind != decks::DeckKind::Price.word() {
            return Err(Error::invalid("deck", "this deck has what carriers ask: take one of prices"));
        }
        if deck.currency != plan.currency.code() {
            let text = format!("the deck is in {}, and the plan in {}", deck.currency, plan.currency);
            return Err(Error::invalid("deck", text));
        }
    }
    if !below_cost {
        decks::check_plan(app, scope, plan).await?;
    }
    let live = app.live();
    let all = &live.config.platform.value.plans;
    for other in all.iter().filter(|other| other.base.as_deref().is_some_and(|base| base.plan == plan.id)) {
        let other = other.over(plan);
        other.check().map_err(|(field, text)| {
            Error::invalid(&field, format!("{} builds on this plan: {text}", other.name))
        })?;
        if !below_cost {
            decks::check_plan(app, scope, &other).await?;
        }
    }
    Ok(())
}

/// What stands on each charge: the plan's name in plain letters, and a number.
fn version(name: &str, number: i32) -> String {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(40)
        .collect();
    format!("{plain}-{number}")
}

fn row(plan: &PricePlan, created_at: DateTime<Utc>) -> Result<PlanRow, Error> {
    Ok(PlanRow {
        id: plan.id.0,
        name: plan.name.clone(),
        version: plan.version.clone(),
        body: serde_json::to_value(plan).map_err(Error::internal)?,
        created_at,
    })
}

fn of(
    plan: &PricePlan,
    (number, state): (i32, &str),
    actor: &Actor,
    (effective_at, created_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<prices::PlanVersion, Error> {
    Ok(prices::PlanVersion {
        id: Uuid::now_v7(),
        plan_id: plan.id.0,
        number,
        state: state.to_owned(),
        effective_at,
        body: serde_json::to_value(plan).map_err(Error::internal)?,
        created_by: actor.name.chars().take(254).collect(),
        created_at,
    })
}

fn taken(error: store::Error) -> Error {
    match error {
        store::Error::Taken(_) => Error::conflict("name", "there is a plan of that name already"),
        other => other.into(),
    }
}

async fn note(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    actor: &Actor,
    name: &str,
    (what, before, after): (&'static str, Value, Value),
) -> Result<(), Error> {
    let target = super::target(name);
    let change = Change { actor: &actor.name, tenant: None, what, target: &target, before, after };
    audit::record(app, tx, scope, change).await
}
