//! The operator adds a carrier.

use super::{CarrierView, NewCarrier, change, check, policy};
use crate::{App, Error, audit, tenants::apply_limits};
use domain::{
    access::{Actor, Permission},
    config::{DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS},
};
use serde_json::Value;
use store::carriers::{Carrier, insert};
use uuid::Uuid;

/// Adds a carrier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for a bad field, [`Error::Conflict`] where there is one of that name.
pub async fn create(app: &App, actor: &Actor, new: NewCarrier) -> Result<CarrierView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let mut row = Carrier {
        id: Uuid::now_v7(),
        name: check::name(&new.name)?,
        sandbox: false,
        enabled: true,
        hosts: check::hosts(&new.hosts)?,
        caller_id: policy(new.caller_id).to_owned(),
        calls_per_second: i32::try_from(DEFAULT_CALLS_PER_SECOND).unwrap_or(i32::MAX),
        max_calls: i32::try_from(DEFAULT_MAX_CALLS).unwrap_or(i32::MAX),
        prefixes: check::prefixes(&new.prefixes)?,
        settings: serde_json::json!({}),
        outbound_secret: None,
        created_at: app.now(),
    };
    if let Some(limits) = new.limits {
        apply_limits(limits, &mut row.calls_per_second, &mut row.max_calls)?;
    }
    let added = check::view(row.clone())?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            insert(tx, &scope, row.clone()).await.map_err(|error| match error {
                store::Error::Taken(_) => Error::conflict("name", "there is a carrier of that name already"),
                other => other.into(),
            })?;
            audit::record(app, tx, &scope, change(actor, "carrier.create", &added.name, Value::Null, &added))
                .await
        })
        .await?;
    super::changed(app).await?;
    Ok(added)
}
