//! A tenant ends a subscription.

use super::{find, reload, tenant_of, view};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::Value;
use uuid::Uuid;

/// Deletes a subscription. What waits for it is not delivered any more, and its log goes with it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn delete(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = find(tx, &scope, id).await?;
            store::webhooks::delete(tx, &scope, id).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.delete",
                target: &row.id.to_string(),
                before: view::audited(&row),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    app.webhooks().forget(id);
    reload(app).await
}
