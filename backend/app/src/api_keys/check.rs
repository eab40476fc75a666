//! A program shows a key.

use super::{KeyState, PREFIX_DIGITS, SCHEME, grants, hashed, state};
use crate::{App, Error, tenants::TenantStatus};
use chrono::Duration;
use domain::{
    access::{Actor, Role, Scope},
    grants::Grants,
    ids::TenantId,
};
use store::api_keys::{self, ApiKey};
use subtle::ConstantTimeEq;

/// How exact the time of a key's last use is: it is written once in so many seconds at most.
const USED_SECONDS: i64 = 60;

/// Whether a bearer looks like an API key.
#[must_use]
pub fn is_api_key(bearer: &str) -> bool {
    bearer.starts_with(SCHEME)
}

/// The actor behind an API key.
///
/// # Errors
/// [`Error::Unauthenticated`] where there is no such key, or it works no more.
pub async fn actor_by_api_key(app: &App, key: &str) -> Result<Actor, Error> {
    let scope = Scope::system("who shows a key is in no scope yet");
    let prefix = key.get(..SCHEME.len() + PREFIX_DIGITS).ok_or_else(unknown)?;
    let row = api_keys::by_prefix(app.db().read(), &scope, prefix).await?;
    // Whether the beginning is known takes no longer to find out than whether the rest is right.
    let kept = row.as_ref().and_then(|row| hex::decode(&row.hash).ok()).unwrap_or_else(|| vec![0; 32]);
    let is_right = bool::from(hashed(key).as_slice().ct_eq(&kept));
    let row = row.filter(|_| is_right).ok_or_else(unknown)?;
    let actor = actor(app, &row, None)?;
    used(app, &scope, &row).await?;
    Ok(actor)
}

/// The actor that a key is, where it works and its owner is in good standing; narrowed where a token says so.
pub(super) fn actor(app: &App, row: &ApiKey, narrowed: Option<Grants>) -> Result<Actor, Error> {
    let why = match state(row, app.now()) {
        KeyState::Active => None,
        KeyState::Expired => Some("this API key has expired: make a new one"),
        KeyState::Revoked => Some("this API key was revoked: make a new one"),
    };
    if let Some(why) = why {
        return Err(Error::unauthenticated(why));
    }
    let tenant = row.tenant_id.map(TenantId);
    if let Some(id) = tenant
        && app.live().tenant(id).is_none_or(|tenant| tenant.status == TenantStatus::Suspended)
    {
        return Err(crate::tenants::suspended());
    }
    let all = grants(row)?;
    let granted = narrowed.filter(|narrow| narrow.is_within(all)).unwrap_or(all);
    Ok(Actor { user: None, tenant, role: Role::Machine(granted), name: name(row) })
}

/// How the audit names a key.
fn name(row: &ApiKey) -> String {
    format!("apiKey:{} ({})", row.prefix, row.name)
}

async fn used(app: &App, scope: &Scope, row: &ApiKey) -> Result<(), Error> {
    let now = app.now();
    if row.last_used_at.is_some_and(|at| now - at < Duration::seconds(USED_SECONDS)) {
        return Ok(());
    }
    app.db().write::<_, Error, _>(async |tx| Ok(api_keys::used(tx, scope, row.id, now).await?)).await
}

fn unknown() -> Error {
    Error::unauthenticated("there is no such API key: check that it was copied whole")
}
