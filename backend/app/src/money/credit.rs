//! What the operator does for a tenant's money: credit, and the credit limit.

use crate::{
    App, Error,
    audit::{self, Change},
    events,
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    ledger::EntryKind,
    money::Money,
};
use serde_json::{Value, json};
use store::{
    Tx,
    ledger::{Account, Cover, Posting},
};
use uuid::Uuid;

use super::{BalanceView, balance::no_account};

/// The longest reason that is kept, in characters.
pub const REASON_MAX: usize = 500;

/// Gives a tenant credit, or takes it back with a negative amount (never more than is available). The balance after it.
///
/// # Errors
/// [`Error::Denied`] for all but operators, [`Error::NotFound`] for an unknown tenant, [`Error::Invalid`] for an amount
/// of zero or in another currency, [`Error::PaymentRequired`] where more is taken back than there is.
pub async fn credit(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    amount: Money,
    reason: &str,
) -> Result<BalanceView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    if amount.micros == 0 {
        return Err(Error::invalid(
            "amount",
            "the amount is zero: give micro-units, such as 10000000 for 10.00",
        ));
    }
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        return Err(Error::invalid("reason", format!("say why, in 1 to {REASON_MAX} characters")));
    }
    let account =
        store::ledger::account(app.db().read(), &scope, tenant).await?.ok_or_else(unknown_tenant)?;
    if account.currency != amount.currency {
        let message = format!("the tenant's account is in {}", account.currency);
        return Err(Error::invalid("amount.currency", message));
    }
    let posting = Posting {
        kind: EntryKind::Credit,
        amount,
        cover: Cover::Available,
        key: format!("credit:{}", Uuid::now_v7()),
        description: reason.to_owned(),
        at: app.now(),
        call: None,
        number: None,
        invoice: None,
    };
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            events::post(app, tx, &scope, tenant, &posting).await.map_err(|error| short(error, amount))?;
            let after = json!({ "amount": amount, "reason": reason });
            noted(app, tx, &scope, actor, tenant, "tenant.credit", (Value::Null, after)).await?;
            store::ledger::account(tx, &scope, tenant).await?.ok_or_else(no_account)
        })
        .await?;
    Ok(BalanceView::from(&after))
}

/// Sets how far below zero a tenant's balance may go, micro-units.
///
/// # Errors
/// [`Error::Denied`] for all but operators, [`Error::NotFound`] for an unknown tenant, [`Error::Invalid`] for a negative
/// limit.
pub async fn set_credit_limit(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    limit_micros: i64,
) -> Result<BalanceView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    if limit_micros < 0 {
        return Err(Error::invalid("creditLimit", "a credit limit is zero or more"));
    }
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let before = store::ledger::account(tx, &scope, tenant).await?.ok_or_else(unknown_tenant)?;
            store::ledger::set_credit_limit(tx, &scope, tenant, limit_micros).await?;
            let after = store::ledger::account(tx, &scope, tenant).await?.ok_or_else(unknown_tenant)?;
            let limit = |account: &Account| json!({ "creditLimit": BalanceView::from(account).credit_limit });
            let change = (limit(&before), limit(&after));
            noted(app, tx, &scope, actor, tenant, "tenant.creditLimit", change).await?;
            Ok(after)
        })
        .await?;
    Ok(BalanceView::from(&after))
}

async fn noted(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    actor: &Actor,
    tenant: TenantId,
    what: &'static str,
    (before, after): (Value, Value),
) -> Result<(), Error> {
    let row = store::tenants::get(tx, scope, tenant).await?.ok_or_else(unknown_tenant)?;
    let change = Change { actor: &actor.name, tenant: Some(tenant), what, target: &row.slug, before, after };
    audit::record(app, tx, scope, change).await
}

fn unknown_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}

fn short(error: store::Error, amount: Money) -> Error {
    match error {
        store::Error::Funds { missing_micros } => {
            let missing = Money::new(missing_micros, amount.currency);
            let message = format!("the tenant's available money does not cover it: {missing} is missing");
            Error::PaymentRequired { message, missing }
        }
        other => other.into(),
    }
}
