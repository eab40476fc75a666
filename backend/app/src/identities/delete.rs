//! A tenant deletes a user of its app.

use super::{no_user, own};
use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
};
use domain::access::{Actor, Permission};
use serde_json::Value;

/// Deletes a user. Its tokens are void at once, and numbers that were bound to it ring nowhere.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn delete(app: &App, actor: &Actor, name: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageIdentities)?;
    let user = own(&scope, name)?;
    let now = app.now();
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !store::identities::delete(tx, &scope, user.id, now).await? {
                return Err(no_user());
            }
            store::leases::unbind(tx, &scope, "user", name).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(user.tenant),
                what: "identity.delete",
                target: name,
                before: serde_json::json!({ "id": name }),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    app.identities().gone(user.id, now);
    refresh(app, Changed::Tenant(user.tenant)).await
}
