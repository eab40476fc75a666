//! What a tenant wants its account topped up by.

use super::{AMOUNT_MAX_MICROS, DAILY_COUNT_MAX, hook::Kept};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    money::{Currency, Money},
};
use serde::Serialize;
use store::top_ups::{self, Rule as Row};

/// What the audit calls a rule.
pub(crate) const TARGET: &str = "top-up-rule";
/// Top-ups in 24 hours where nothing is said.
const DAILY_COUNT: u32 = 3;

/// When an account is topped up, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Whether it is on.
    pub enabled: bool,
    /// Below this much available money.
    pub threshold: Money,
    /// By this much.
    pub amount: Money,
    /// Top-ups in 24 hours at most, 1 to [`DAILY_COUNT_MAX`].
    pub daily_count: u32,
    /// What they come to in 24 hours at most.
    pub daily_amount: Option<Money>,
}

/// A tenant's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleView {
    /// The rule; one that is off where there is none.
    pub rule: Rule,
    /// Whether the operator tops up automatically at all.
    pub is_offered: bool,
}

impl Rule {
    fn none(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { enabled: false, threshold: zero, amount: zero, daily_count: DAILY_COUNT, daily_amount: None }
    }

    pub(super) fn of(row: &Row) -> Result<Self, Error> {
        let unreadable = |_| Error::internal(store::Error::Unreadable("top_up_rules.currency".to_owned()));
        let currency: Currency = row.currency.parse().map_err(unreadable)?;
        Ok(Self {
            enabled: row.enabled,
            threshold: Money::new(row.threshold_micros, currency),
            amount: Money::new(row.amount_micros, currency),
            daily_count: row.daily_count.unsigned_abs(),
            daily_amount: row.daily_micros.map(|micros| Money::new(micros, currency)),
        })
    }

    fn check(&self, currency: Currency) -> Result<(), Error> {
        let said = [("threshold", Some(self.threshold)), ("amount", Some(self.amount))];
        for (field, money) in said.into_iter().chain([("dailyAmount", self.daily_amount)]) {
            let Some(money) = money else { continue };
            if money.currency != currency {
                let message = format!("the account is in {currency}, not in {}", money.currency);
                return Err(Error::invalid(&format!("{field}.currency"), message));
            }
            if !(0..=AMOUNT_MAX_MICROS).contains(&money.micros) {
                let most = Money::new(AMOUNT_MAX_MICROS, currency);
                return Err(Error::invalid(field, format!("give an amount from zero to {most}")));
            }
        }
        if self.enabled && self.amount.micros == 0 {
            return Err(Error::invalid("amount", "say by how much the account is topped up"));
        }
        if !(1..=DAILY_COUNT_MAX).contains(&self.daily_count) {
            let message = format!("give a number of top-ups in 24 hours from 1 to {DAILY_COUNT_MAX}");
            return Err(Error::invalid("dailyCount", message));
        }
        if self.daily_amount.is_some_and(|most| most.micros < self.amount.micros) {
            let message = "one top-up is more than this: nothing would ever be topped up";
            return Err(Error::invalid("dailyAmount", message));
        }
        Ok(())
    }
}

/// The rule of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it has no account.
pub async fn rule(app: &App, actor: &Actor) -> Result<RuleView, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let (tenant, currency) = account(app, &scope).await?;
    let on = app.db().read();
    Ok(RuleView {
        rule: read(on, &scope, tenant, currency).await?,
        is_offered: Kept::read(on).await?.enabled,
    })
}

/// Sets the rule of the actor's tenant, in the place of the one it had.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it has no account, [`Error::Invalid`] by field.
pub async fn put_rule(app: &App, actor: &Actor, rule: Rule) -> Result<RuleView, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let (tenant, currency) = account(app, &scope).await?;
    rule.check(currency)?;
    let row = Row {
        tenant_id: tenant.0,
        enabled: rule.enabled,
        currency: currency.code().to_owned(),
        threshold_micros: rule.threshold.micros,
        amount_micros: rule.amount.micros,
        daily_count: i32::try_from(rule.daily_count).unwrap_or(i32::MAX),
        daily_micros: rule.daily_amount.map(|money| money.micros),
        updated_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = read(tx, &scope, tenant, currency).await?;
            top_ups::put_rule(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "topUpRule.update",
                target: TARGET,
                before: seen(&before),
                after: seen(&rule),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    Ok(RuleView { rule, is_offered: Kept::read(app.db().read()).await?.enabled })
}

async fn read(
    on: &impl store::On,
    scope: &Scope,
    tenant: TenantId,
    currency: Currency,
) -> Result<Rule, Error> {
    top_ups::rule(on, scope, tenant).await?.as_ref().map_or_else(|| Ok(Rule::none(currency)), Rule::of)
}

/// The tenant of a scope, and its account's currency.
async fn account(app: &App, scope: &Scope) -> Result<(TenantId, Currency), Error> {
    let none = || Error::not_found("balance", "this sign-in has no account: balances are tenants'");
    let tenant = scope.tenant().ok_or_else(none)?;
    let account = store::ledger::account(app.db().read(), scope, tenant).await?.ok_or_else(none)?;
    Ok((tenant, account.currency))
}
