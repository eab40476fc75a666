//! A program has a token made from its key: a JWT with an end and with scopes, for what should not hold the key itself.

use super::{check, create::scopes};
use crate::{
    App, Error, access_keys,
    tenants::{Purpose, TenantStatus, suspended},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Role, Scope},
    grants::Grants,
    ids::TenantId,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use store::api_keys;
use uuid::Uuid;

/// The shortest life of a token, minutes.
pub const TOKEN_MINUTES_MIN: u32 = 1;
/// The longest life of a token, minutes.
pub const TOKEN_MINUTES_MAX: u32 = 1_440;
/// The life of a token where it is not said, minutes.
pub const TOKEN_MINUTES_DEFAULT: u32 = 60;

/// A token that was made from a key.
#[derive(Clone)]
pub struct MachineToken {
    /// The JWT.
    pub token: String,
    /// Until when it works.
    pub expires_on: DateTime<Utc>,
    /// What it may do.
    pub scopes: Grants,
}

/// What stands in the token. It is void as soon as its key is.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iat: i64,
    exp: i64,
    /// `machine`.
    role: String,
    /// The scopes, with spaces between them (RFC 8693 §4.2).
    scope: Grants,
    /// The key that it was made with.
    sub: String,
    /// The tenant, where the key is an access key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<Uuid>,
}

/// Makes a token from the key that the actor signed or showed.
///
/// # Errors
/// [`Error::Denied`] for people, who sign in for their tokens, and for tokens themselves; [`Error::Invalid`] for scopes
/// beyond the key's own, and for the life.
pub async fn exchange(
    app: &App,
    actor: &Actor,
    key: Option<&str>,
    words: Option<&[String]>,
    minutes: Option<u32>,
) -> Result<MachineToken, Error> {
    let now = app.now();
    let (sub, tenant, all, latest) = match (actor.role, key) {
        (Role::Key, _) => {
            let tenant = actor.tenant.ok_or_else(no_key)?;
            (fingerprint_of(app, actor, tenant)?, Some(tenant.0), Grants::of_tenant(), None)
        }
        (Role::Machine(all), Some(key)) if super::is_api_key(key) => {
            let scope = Scope::system("who showed a key has a token made from it");
            let prefix = key.get(..super::SCHEME.len() + super::PREFIX_DIGITS).ok_or_else(no_key)?;
            let row = api_keys::by_prefix(app.db().read(), &scope, prefix).await?.ok_or_else(no_key)?;
            (row.id.to_string(), None, all, row.expires_at)
        }
        _ => return Err(no_key()),
    };
    let granted = words.map(|words| scopes(words, actor.tenant.is_none())).transpose()?.unwrap_or(all);
    if !granted.is_within(all) {
        return Err(Error::invalid("scopes", format!("the key itself has no more than: {all}")));
    }
    let end = now + Duration::minutes(life(minutes)?);
    let end = latest.map_or(end, |latest| end.min(latest));
    let claims = Claims {
        aud: Purpose::Machine.audience().to_owned(),
        iat: now.timestamp(),
        exp: end.timestamp(),
        role: "machine".to_owned(),
        scope: granted,
        sub,
        tenant,
    };
    let key = EncodingKey::from_secret(app.token_key());
    let token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(Error::internal)?;
    let expires_on = DateTime::from_timestamp(claims.exp, 0).unwrap_or(end);
    Ok(MachineToken { token, expires_on, scopes: granted })
}

fn life(minutes: Option<u32>) -> Result<i64, Error> {
    let minutes = minutes.unwrap_or(TOKEN_MINUTES_DEFAULT);
    if (TOKEN_MINUTES_MIN..=TOKEN_MINUTES_MAX).contains(&minutes) {
        return Ok(i64::from(minutes));
    }
    let message = format!("a token lasts {TOKEN_MINUTES_MIN} to {TOKEN_MINUTES_MAX} minutes, not {minutes}");
    Err(Error::invalid("expiresInMinutes", message))
}

/// The fingerprint of the access key that the actor signed with.
fn fingerprint_of(app: &App, actor: &Actor, tenant: TenantId) -> Result<String, Error> {
    let live = app.live();
    let slot = actor.name.strip_prefix("key:").ok_or_else(no_key)?;
    let keys = live.tenant(tenant).map(|tenant| tenant.keys.as_slice()).unwrap_or_default();
    let key = keys.iter().find(|key| key.slot == slot).ok_or_else(no_key)?;
    Ok(access_keys::fingerprint(&key.secret))
}

/// The actor behind such a token; `None` where it is of another kind.
pub(crate) async fn actor_by_machine_token(app: &App, token: &str) -> Result<Option<Actor>, Error> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[Purpose::Machine.audience()]);
    rules.leeway = 0;
    let key = DecodingKey::from_secret(app.token_key());
    let Ok(data) = jsonwebtoken::decode::<Claims>(token, &key, &rules) else { return Ok(None) };
    let claims = data.claims;
    match claims.tenant {
        Some(tenant) => by_access_key(app, TenantId(tenant), &claims).map(Some),
        None => {
            let scope = Scope::system("who shows a token is in no scope yet");
            let id = claims.sub.parse().map_err(|_| void())?;
            let row = api_keys::by_id(app.db().read(), &scope, id).await?.ok_or_else(void)?;
            check::actor(app, &row, Some(claims.scope)).map(Some)
        }
    }
}

fn by_access_key(app: &App, tenant: TenantId, claims: &Claims) -> Result<Actor, Error> {
    let live = app.live();
    let of = live.tenant(tenant).ok_or_else(void)?;
    let key = of.keys.iter().find(|key| access_keys::fingerprint(&key.secret) == claims.sub);
    let key = key.ok_or_else(void)?;
    if of.status == TenantStatus::Suspended {
        return Err(suspended());
    }
    let name = format!("key:{} (token)", key.slot);
    Ok(Actor { user: None, tenant: Some(tenant), role: Role::Machine(claims.scope), name })
}

fn void() -> Error {
    Error::unauthenticated("the key that this token was made with works no more: make a token from another")
}

fn no_key() -> Error {
    Error::Denied {
        message: "a token is made from a key: sign the request with an access key, or send an API key as the bearer; people sign in at POST /api/v1/tokens".to_owned(),
    }
}
