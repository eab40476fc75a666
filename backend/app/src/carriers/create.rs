//! The operator adds a carrier.

use super::{CarrierView, audited, check, rows};
use crate::{App, Error, Password, audit, decks};
use domain::{
    access::{Actor, Permission},
    config::Carrier,
    ids::CarrierId,
};
use serde_json::{Value, json};
use store::carriers::insert;
use uuid::Uuid;

/// Adds a carrier; it is given its identifier here. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for a bad field, [`Error::Conflict`] where there is one of that name, or
/// `BelowCost` (409) where a plan would sell below cost by it and `below_cost` does not say that this is meant.
pub async fn create(
    app: &App,
    actor: &Actor,
    new: Carrier,
    password: Password,
    below_cost: bool,
) -> Result<CarrierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let id = Uuid::now_v7();
    let mut carrier = check::tidy(Carrier { id: CarrierId(id), sandbox: false, ..new })?;
    check::currency(app, &carrier)?;
    check::deck(app, &scope, &mut carrier).await?;
    if !below_cost {
        decks::check_carrier(app, &scope, None, carrier.clone()).await?;
    }
    let empty = store::carriers::Carrier {
        id,
        name: String::new(),
        sandbox: false,
        enabled: true,
        hosts: json!([]),
        caller_id: String::new(),
        calls_per_second: 0,
        max_calls: 0,
        prefixes: json!([]),
        settings: json!({}),
        outbound_secret: None,
        created_at: app.now(),
    };
    let mut row = rows::with(empty, &carrier)?;
    let has_username = carrier.policy.credentials.is_some();
    row.outbound_secret = password.apply(has_username, None, |password| rows::seal(app, &row, password))?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            insert(tx, &scope, row.clone()).await.map_err(|error| match error {
                store::Error::Taken(_) => Error::conflict("name", "there is a carrier of that name already"),
                other => other.into(),
            })?;
            audit::record(
                app,
                tx,
                &scope,
                audited(actor, "carrier.create", &carrier.name, Value::Null, &carrier),
            )
            .await
        })
        .await?;
    super::changed(app).await?;
    Ok(CarrierView { has_password: row.outbound_secret.is_some(), carrier })
}
