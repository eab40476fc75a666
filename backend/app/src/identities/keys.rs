//! The operator looks at the keys that sign tokens, and has a new one made.

use super::ring;
use crate::{
    App, Error,
    audit::{self, Change},
};
use chrono::{DateTime, Utc};
use domain::access::{Actor, Permission};
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use uuid::Uuid;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyView {
    /// Its identifier, which tokens name as `kid`.
    pub id: Uuid,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it signs nothing more; it still verifies for as long as a token lasts.
    pub retired_at: Option<DateTime<Utc>>,
}

/// The public halves of all keys that a token may be signed with (RFC 7517), for whoever verifies tokens elsewhere.
#[must_use]
pub fn jwks(app: &App) -> Value {
    let keys = app.identities().ring().0.iter().map(|key| key.jwk.clone()).collect();
    serde_json::to_value(JwkSet { keys }).unwrap_or_default()
}

/// The keys, youngest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub fn keys(app: &App, actor: &Actor) -> Result<Vec<SigningKeyView>, Error> {
    actor.scope(Permission::Operate)?;
    let view = |key: &ring::RingKey| SigningKeyView {
        id: key.id,
        created_at: key.created_at,
        retired_at: key.retired_at,
    };
    Ok(app.identities().ring().0.iter().map(view).collect())
}

/// Has a new key sign from now on; those before it verify until what they signed has expired. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Internal`] where the database fails.
pub async fn rotate(app: &App, actor: &Actor) -> Result<SigningKeyView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let id = ring::succeed(app, &scope).await?;
    ring::reload(app, &scope).await?;
    let name = id.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "signingKey.rotate",
                target: &name,
                before: Value::Null,
                after: serde_json::json!({ "id": name }),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    let made = keys(app, actor)?.into_iter().find(|key| key.id == id);
    made.ok_or_else(|| Error::internal("the key that was just made is not there"))
}
