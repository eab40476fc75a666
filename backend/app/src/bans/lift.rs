//! The operator lifts bans.

use crate::{
    App, Error,
    audit::{Change, record},
};
use domain::access::{Actor, Permission};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Lifts the ban of an address, and forgets what it did. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where nothing is remembered of the address.
pub async fn lift(app: &App, actor: &Actor, address: IpAddr) -> Result<(), Error> {
    actor.scope(Permission::Operate)?;
    let is_known = app.deps().edge.as_ref().is_some_and(|edge| edge.clear_ban(address));
    if !is_known {
        return Err(Error::not_found("address", format!("nothing is remembered of {address}")));
    }
    note(app, actor, &address.to_string(), json!({"banned": true})).await
}

/// Lifts all bans, and forgets all offences. Says of how many addresses something was remembered. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn lift_all(app: &App, actor: &Actor) -> Result<usize, Error> {
    actor.scope(Permission::Operate)?;
    let count = app.deps().edge.as_ref().map_or(0, edge::Handle::clear_bans);
    note(app, actor, "*", json!({"remembered": count})).await?;
    Ok(count)
}

async fn note(app: &App, actor: &Actor, target: &str, before: Value) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let (app, who) = (app.clone(), actor.name.clone());
    let target = target.to_owned();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let change = Change {
                actor: &who,
                tenant: None,
                what: "ban.lift",
                target: &target,
                before: before.clone(),
                after: Value::Null,
            };
            record(&app, tx, &scope, change).await
        })
        .await
}
