//! A tenant deletes a SIP user.

use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
};
use domain::access::{Actor, Permission};
use serde_json::Value;

/// Deletes a SIP user; numbers that were bound to it ring nowhere.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, username: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let no_user = || Error::not_found("username", "there is no such SIP user");
    let tenant = scope.tenant().ok_or_else(no_user)?;
    let username = username.to_lowercase();
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !store::sip_users::delete(tx, &scope, &username).await? {
                return Err(no_user());
            }
            store::leases::unbind(tx, &scope, "user", &username).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "sipUser.delete",
                target: &username,
                before: serde_json::json!({ "username": username }),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await
}
