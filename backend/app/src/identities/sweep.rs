//! What no token needs any more goes, and a key that is old has a successor.

use super::ring;
use crate::{App, Error};
use domain::access::Scope;

/// Forgets deleted users, revocations and retired keys whose tokens have all expired, and makes a new key where the one
/// that signs is old. Says how many users were forgotten.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("deleted users and retired keys of the platform go");
    let before = app.now() - ring::memory();
    let (users, keys) = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let users = store::identities::sweep(tx, &scope, before).await?;
            Ok((users, store::signing_keys::sweep(tx, &scope, before).await?))
        })
        .await?;
    app.identities().forget(before);
    let is_old = app.identities().ring().signing().is_none_or(|key| ring::is_due(key, app.now()));
    if is_old {
        ring::succeed(app, &scope).await?;
    }
    if is_old || !keys.is_empty() {
        ring::reload(app, &scope).await?;
    }
    Ok(users)
}
