//! A tenant makes a user of its app.

use super::{IdentityView, Order, UserToken, issue, tenant_of};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission},
    identity::AppUser,
};
use serde_json::Value;
use store::identities::Identity;
use uuid::Uuid;

/// Makes a user, and a token for it where one is ordered.
///
/// # Errors
/// [`Error::Denied`], or [`Error::Invalid`] for the order: then no user is made.
pub async fn create(
    app: &App,
    actor: &Actor,
    order: Option<&Order>,
) -> Result<(IdentityView, Option<UserToken>), Error> {
    let scope = actor.scope(Permission::ManageIdentities)?;
    let tenant = tenant_of(&scope)?;
    if let Some(order) = order {
        issue::check(order)?;
    }
    let (now, user) = (app.now(), AppUser { tenant, id: Uuid::now_v7() });
    let name = user.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = Identity {
                id: user.id,
                tenant_id: tenant.0,
                generation: 0,
                created_at: now,
                revoked_at: None,
                deleted_at: None,
            };
            store::identities::insert(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "identity.create",
                target: &name,
                before: Value::Null,
                after: serde_json::json!({ "id": name }),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    let token = order.map(|order| issue::sign(app, actor, user, 0, order)).transpose()?;
    Ok((IdentityView { user, created_at: now, revoked_at: None }, token))
}
