//! Somebody revokes a key.

use super::{no_key, owner_of, view};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::Actor;
use store::api_keys;
use uuid::Uuid;

/// Revokes a key: it is refused from now on, and so are the tokens that were made with it. One that is revoked already
/// stays so.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let (scope, owner) = owner_of(actor)?;
    let now = app.now();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = api_keys::get(tx, &scope, owner, id).await?.ok_or_else(no_key)?;
            if !api_keys::revoke(tx, &scope, owner, id, now).await? {
                return Ok(());
            }
            let before = view(&row, now)?;
            let after = view(&api_keys::ApiKey { revoked_at: Some(now), ..row }, now)?;
            let change = Change {
                actor: &actor.name,
                tenant: owner,
                what: "apiKey.revoke",
                target: &before.prefix,
                before: audit::seen(&before),
                after: audit::seen(&after),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}
