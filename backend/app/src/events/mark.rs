//! The mark below which a tenant's balance is low.

use crate::{
    App, Error,
    audit::{self, Change},
    webhooks,
};
use domain::{
    access::{Actor, Permission},
    money::Money,
};
use serde_json::{Value, json};

/// What the audit calls the mark.
pub(crate) const BALANCE_ALERT: &str = "balance";

/// The mark of the actor's tenant; `None` where it set none.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where it has no account.
pub async fn mark(app: &App, actor: &Actor) -> Result<Option<Money>, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(no_account)?;
    let on = app.db().read();
    let account = store::ledger::account(on, &scope, tenant).await?.ok_or_else(no_account)?;
    let marks = store::webhooks::marks(on, &scope).await?;
    Ok(marks.first().map(|(_, micros)| Money::new(*micros, account.currency)))
}

/// Sets the mark of the actor's tenant, or forgets it. From the next time on that the balance falls below it, it is told.
///
/// # Errors
/// [`Error::Invalid`] for another currency than the account's, [`Error::Denied`], [`Error::NotFound`] where it has no
/// account.
pub async fn set_mark(app: &App, actor: &Actor, mark: Option<Money>) -> Result<Option<Money>, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = scope.tenant().ok_or_else(no_account)?;
    let account = store::ledger::account(app.db().read(), &scope, tenant).await?.ok_or_else(no_account)?;
    if mark.is_some_and(|mark| mark.currency != account.currency) {
        let message = format!("the account is in {}: so is its mark", account.currency);
        return Err(Error::invalid("threshold.currency", message));
    }
    let micros = mark.map(|mark| mark.micros);
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = store::webhooks::marks(tx, &scope).await?.first().map(|(_, micros)| *micros);
            store::webhooks::set_mark(tx, &scope, tenant, micros).await?;
            let said = |micros: Option<i64>| {
                let money = micros.map(|micros| json!(Money::new(micros, account.currency)));
                money.unwrap_or(Value::Null)
            };
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "balanceAlert.update",
                target: BALANCE_ALERT,
                before: said(before),
                after: said(micros),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    webhooks::reload(app).await?;
    Ok(mark)
}

fn no_account() -> Error {
    Error::not_found("balance", "this sign-in has no account: balances are tenants'")
}
