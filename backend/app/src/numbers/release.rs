//! A tenant gives a number back.

use super::{Operation, rows};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission},
    phone::E164,
};
use serde_json::Value;

/// Gives a number back: it stays the tenant's until it is no longer paid for. Asked again, it answers as the first
/// time.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn release(app: &App, actor: &Actor, number: E164) -> Result<Operation, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(rows::no_tenant)?;
    let e164 = number.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row =
                store::leases::get(tx, &scope, &e164).await?.ok_or_else(|| rows::no_number(number))?;
            let id = format!("release_{}", row.id);
            if row.release_asked_at.is_some()
                && let Some(known) = store::searches::operation(tx, &scope, &id).await?
            {
                return rows::operation(known);
            }
            let now = app.now();
            row.release_asked_at = Some(now);
            let after = serde_json::json!({ "releasedFrom": row.paid_until });
            store::leases::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "number.release",
                target: &e164,
                before: Value::Null,
                after,
            };
            audit::record(app, tx, &scope, change).await?;
            let done = rows::Done {
                id,
                kind: "releasePhoneNumber",
                resource: None,
                error: None,
                tenant,
                at: now,
                tx,
            };
            rows::done(&scope, done).await
        })
        .await
}
