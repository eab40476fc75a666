//! The operator takes an invitation back.

use super::view;
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::Value;
use store::invitations;
use uuid::Uuid;

/// Takes back an invitation that nobody has used. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn withdraw(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let gone =
        || Error::not_found("id", "there is no such invitation, or somebody has signed up with it already");
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = invitations::delete(tx, &scope, id).await?.ok_or_else(gone)?;
            let before = view(row, app.now());
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "invitation.delete",
                target: &before.email.clone().unwrap_or_else(|| id.to_string()),
                before: audit::seen(&before),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}
