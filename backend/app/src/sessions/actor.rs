//! Who is behind a session.

use super::{ended, hashed};
use crate::{App, Error, tenants::actor_of};
use domain::access::{Actor, Scope};

/// The actor behind a session's token.
///
/// # Errors
/// [`Error::Unauthenticated`] where there is no such session, or it has ended.
pub async fn actor(app: &App, token: &str) -> Result<Actor, Error> {
    let scope = Scope::system("who shows a session is in no scope yet");
    let on = app.db().read();
    let session = store::users::session(on, &scope, &hashed(token), app.now()).await?.ok_or_else(ended)?;
    let user = store::users::get(on, &scope, session.user_id).await?.ok_or_else(ended)?;
    actor_of(app, user)
}
