//! What a tenant has.

use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    exposure::Exposure,
    money::Money,
};
use serde::Serialize;

/// A tenant's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BalanceView {
    /// The sum of the ledger.
    pub balance: Money,
    /// Set aside for calls that are up and orders under way.
    pub held: Money,
    /// What can be spent: balance plus credit limit minus what is held.
    pub available: Money,
    /// How far below zero the balance may go.
    pub credit_limit: Money,
    /// The most that can be owed until the next hold: what is held, and how far the balance is below zero.
    pub exposure: Money,
}

impl From<&store::ledger::Account> for BalanceView {
    fn from(account: &store::ledger::Account) -> Self {
        let money = |micros| Money::new(micros, account.currency);
        Self {
            balance: money(account.balance_micros),
            held: money(account.held_micros),
            available: money(account.available_micros()),
            credit_limit: money(account.credit_limit_micros),
            exposure: money(Exposure::of(account.balance_micros, account.held_micros).worst_micros()),
        }
    }
}

/// The balance of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`] where the actor may not see it, [`Error::NotFound`] where it has no account.
pub async fn balance(app: &App, actor: &Actor) -> Result<BalanceView, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(no_account)?;
    let account = store::ledger::account(app.db().read(), &scope, tenant).await?.ok_or_else(no_account)?;
    Ok(BalanceView::from(&account))
}

pub(super) fn no_account() -> Error {
    Error::not_found("balance", "this sign-in has no account: balances are tenants'")
}
