//! What tenants may owe at worst ([`domain::exposure`]), at this moment, and what caps it.
//!
//! It is read from the accounts, which every hold, extension and settlement writes in its own transaction: so it is true at every
//! moment and on every node. The cap is the operator's ([`crate::protection::Bounds`]), with a default for each currency
//! ([`crate::protection::SpendingDefaults`]); the decision about a call and each extension of a hold are held to it.

use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    exposure::Exposure,
    ids::TenantId,
    money::{Currency, Money},
};
use serde::Serialize;
use std::collections::BTreeMap;
use store::ledger::Account;

/// Tenants that the operator is shown at once at most: those with the most at stake.
pub const SHOWN_MAX: usize = 200;

/// What a tenant may owe at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExposureView {
    /// All of it: what is held and what is owed.
    pub exposure: Money,
    /// What open holds of calls and orders may still cost. A call never costs more than its hold, so this is what may run until
    /// the next extension, too.
    pub held: Money,
    /// What is owed already: how far the balance is below zero.
    pub owed: Money,
    /// What of it no money of the tenant stands for.
    pub lent: Money,
    /// How far below zero the balance may go.
    pub credit_limit: Money,
    /// What it may be at most; `None` is no cap beside the money.
    pub cap: Option<Money>,
    /// How much more may be held under the cap; below zero where it was lowered meanwhile.
    pub room: Option<Money>,
    /// Calls that are up on this node.
    pub live_calls: u32,
}

/// One tenant's, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantExposure {
    /// Whose.
    pub tenant: TenantId,
    /// Its slug.
    pub slug: String,
    /// How much.
    pub exposure: ExposureView,
}

/// All tenants of one currency together, for the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// What may be owed at worst, micro-units.
    pub worst_micros: i64,
    /// What of it nobody's money stands for.
    pub lent_micros: i64,
    /// Tenants that have no room left under their cap.
    pub at_cap: u64,
}

/// What the actor's tenant may owe at worst.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it has no account.
pub async fn of_tenant(app: &App, actor: &Actor) -> Result<ExposureView, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(no_account)?;
    read(app, &scope, tenant).await
}

/// What a tenant may owe at worst, for the operator.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn of(app: &App, actor: &Actor, tenant: TenantId) -> Result<ExposureView, Error> {
    read(app, &actor.scope(Permission::Operate)?, tenant).await
}

async fn read(app: &App, scope: &Scope, tenant: TenantId) -> Result<ExposureView, Error> {
    let account = store::ledger::account(app.db().read(), scope, tenant).await?.ok_or_else(no_account)?;
    Ok(view(app, &account))
}

/// What all tenants may owe at worst, those with the most uncovered first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<TenantExposure>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let live = app.live();
    let mut all: Vec<TenantExposure> = store::ledger::accounts(app.db().read(), &scope)
        .await?
        .iter()
        .filter_map(|account| {
            let slug = live.tenant(account.tenant)?.slug().to_owned();
            Some(TenantExposure { tenant: account.tenant, slug, exposure: view(app, account) })
        })
        .filter(|one| one.exposure.exposure.micros > 0)
        .collect();
    let stake = |one: &TenantExposure| (one.exposure.lent.micros, one.exposure.exposure.micros);
    all.sort_by(|a, b| stake(b).cmp(&stake(a)).then_with(|| a.slug.cmp(&b.slug)));
    all.truncate(SHOWN_MAX);
    Ok(all)
}

/// All tenants together, by currency.
pub type Totals = BTreeMap<Currency, Total>;

/// What all tenants together may owe at worst, as it was measured last. For the metrics.
#[must_use]
pub fn totals(app: &App) -> Totals {
    app.velocity().totals()
}

/// Measures it. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn measure(app: &App) -> Result<(), Error> {
    app.velocity().keep_totals(sum(app).await?);
    Ok(())
}

async fn sum(app: &App) -> Result<Totals, Error> {
    let scope = Scope::system("the exposure of all tenants is a metric");
    let mut totals = Totals::new();
    for account in store::ledger::accounts(app.db().read(), &scope).await? {
        let exposure = Exposure::of(account.balance_micros, account.held_micros);
        let total = totals.entry(account.currency).or_default();
        total.worst_micros = total.worst_micros.saturating_add(exposure.worst_micros());
        total.lent_micros = total.lent_micros.saturating_add(exposure.lent_micros);
        let is_full = cap(app, account.tenant).is_some_and(|cap| exposure.room_micros(cap) <= 0);
        total.at_cap += u64::from(is_full);
    }
    Ok(totals)
}

fn cap(app: &App, tenant: TenantId) -> Option<i64> {
    app.live().tenant(tenant)?.piece.piece.value.protection.max_exposure_micros
}

fn view(app: &App, account: &Account) -> ExposureView {
    let money = |micros| Money::new(micros, account.currency);
    let exposure = Exposure::of(account.balance_micros, account.held_micros);
    let cap = cap(app, account.tenant);
    ExposureView {
        exposure: money(exposure.worst_micros()),
        held: money(exposure.held_micros),
        owed: money(exposure.owed_micros),
        lent: money(exposure.lent_micros),
        credit_limit: money(account.credit_limit_micros),
        cap: cap.map(money),
        room: cap.map(|cap| money(exposure.room_micros(cap))),
        live_calls: app.calls().live_of(account.tenant),
    }
}

fn no_account() -> Error {
    Error::not_found("balance", "there is no account: exposure is that of tenants")
}
