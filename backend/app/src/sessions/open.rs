//! Somebody signs in at the portal.

use super::{SESSION_HOURS, Session, hashed};
use crate::{App, Error, tenants};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use domain::access::Scope;
use store::users::Session as Row;

/// Bytes of a session's token.
const TOKEN_BYTES: usize = 32;

/// Opens a session.
///
/// # Errors
/// As [`sign_in`](crate::tenants::sign_in).
pub async fn open(app: &App, email: &str, password: &str) -> Result<Session, Error> {
    let actor = tenants::sign_in(app, email, password).await?;
    let user = actor.user.ok_or_else(super::ended)?;
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let now = app.now();
    let expires_at = now + Duration::hours(SESSION_HOURS);
    let row = Row { id_hash: hashed(&token), user_id: user.0, created_at: now, expires_at };
    let scope = Scope::system("who signs in is in no scope yet");
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::users::open_session(tx, &scope, row.clone()).await?))
        .await?;
    Ok(Session { token, actor, expires_at })
}
