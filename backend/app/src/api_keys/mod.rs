//! API keys: what programs show as a bearer, with a name, scopes and an end. They are of a tenant, or of the operator.
//!
//! A key is `dtk_<12 digits>_<secret>`. It is shown once; what is kept is its beginning, by which it is found, and its
//! hash. From a key (or an access key) a program can also have a token made that lasts for minutes: see [`exchange`].

mod check;
mod create;
mod exchange;
mod list;
mod revoke;

pub use check::{actor_by_api_key, is_api_key};
pub use create::{NewApiKey, create};
pub(crate) use exchange::actor_by_machine_token;
pub use exchange::{MachineToken, TOKEN_MINUTES_DEFAULT, TOKEN_MINUTES_MAX, TOKEN_MINUTES_MIN, exchange};
pub use list::list;
pub use revoke::revoke;

use crate::Error;
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Role, Scope},
    grants::Grants,
    ids::TenantId,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;
use store::api_keys::ApiKey;
use uuid::Uuid;

/// Keys of one owner at most, revoked and expired ones included for as long as they are shown.
pub const KEYS_MAX: u64 = 500;
/// Days for which a key that was revoked or has expired is still shown.
pub const SHOWN_DAYS: i64 = 90;
/// Days that a key may last at most, where it has an end.
pub const DAYS_MAX: u32 = 3_650;
/// How a key begins.
const SCHEME: &str = "dtk_";
/// Hexadecimal digits after that, which find it.
const PREFIX_DIGITS: usize = 12;
/// Bytes of the secret.
const SECRET_BYTES: usize = 32;

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyView {
    /// Its identifier.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it may do.
    pub scopes: Grants,
    /// Whether it works.
    pub state: KeyState,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it works; `None` where it has no end.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl KeyState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A key that was just made: the one time that its secret is shown.
#[derive(Clone)]
pub struct CreatedApiKey {
    /// What may be said of it at any time.
    pub view: ApiKeyView,
    /// The whole key.
    pub key: String,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Whose keys an actor makes and revokes: its tenant's, or the operator's. People alone, so that no key makes another.
fn owner_of(actor: &Actor) -> Result<(Scope, Option<TenantId>), Error> {
    if actor.role == Role::Operator {
        return Ok((actor.scope(Permission::Operate)?, None));
    }
    let scope = actor.scope(Permission::ManageAccess)?;
    let tenant = scope.tenant();
    Ok((scope, tenant))
}

fn view(row: &ApiKey, now: DateTime<Utc>) -> Result<ApiKeyView, Error> {
    Ok(ApiKeyView {
        id: row.id,
        name: row.name.clone(),
        prefix: row.prefix.clone(),
        scopes: grants(row)?,
        state: state(row, now),
        created_by: row.created_by.clone(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    })
}

fn state(row: &ApiKey, now: DateTime<Utc>) -> KeyState {
    match (row.revoked_at, row.expires_at) {
        (Some(_), _) => KeyState::Revoked,
        (None, Some(end)) if end <= now => KeyState::Expired,
        (None, _) => KeyState::Active,
    }
}

fn grants(row: &ApiKey) -> Result<Grants, Error> {
    row.grants.parse().map_err(Error::internal)
}

/// What is kept of a key.
fn hashed(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn no_key() -> Error {
    Error::not_found("id", "there is no such API key")
}
