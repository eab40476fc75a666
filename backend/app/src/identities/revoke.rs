//! A tenant voids the tokens of a user.

use super::{no_user, own};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::Value;

/// Voids all tokens of a user that were issued so far. New ones may be issued at once.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn revoke(app: &App, actor: &Actor, name: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageIdentities)?;
    let user = own(&scope, name)?;
    let now = app.now();
    let generation = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let generation =
                store::identities::revoke(tx, &scope, user.id, now).await?.ok_or_else(no_user)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(user.tenant),
                what: "identity.revokeTokens",
                target: name,
                before: Value::Null,
                after: serde_json::json!({ "generation": generation }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(generation)
        })
        .await?;
    app.identities().revoked(user.id, generation, now);
    Ok(())
}
