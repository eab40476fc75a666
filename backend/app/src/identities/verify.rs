//! Somebody shows a token.

use super::token::{Claims, has_key};
use crate::{App, Error, tenants::TenantStatus};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Role},
    identity::{AppUser, TokenScope},
};
use jsonwebtoken::{Algorithm, Validation};

/// Who shows a token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Whose it is.
    pub user: AppUser,
    /// What it lets its bearer do.
    pub scopes: Vec<TokenScope>,
    /// Until when.
    pub expires_on: DateTime<Utc>,
}

/// Who shows this token: on keys and revocations in memory, without asking anybody.
///
/// # Errors
/// [`Error::Unauthenticated`] where it is not of this platform, has expired, was revoked, or its tenant is suspended or has
/// changed the access key that it was ordered with.
pub fn verify(app: &App, token: &str) -> Result<Bearer, Error> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| void())?;
    if header.alg != Algorithm::RS256 {
        return Err(void());
    }
    let ring = app.identities().ring();
    let key = header.kid.as_deref().and_then(|id| ring.get(id)).ok_or_else(void)?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_aud = false;
    rules.leeway = 0;
    let claims = jsonwebtoken::decode::<Claims>(token, &key.public, &rules).map_err(|_| void())?.claims;
    let user = claims.user().ok_or_else(void)?;
    let live = app.live();
    let tenant = live.tenant(user.tenant).ok_or_else(void)?;
    let has_key = claims.key.as_deref().is_none_or(|key| has_key(tenant, key));
    let is_good = app.identities().is_good(user.id, claims.generation);
    if !has_key || !is_good || tenant.status == TenantStatus::Suspended {
        return Err(void());
    }
    let expires_on = DateTime::from_timestamp(claims.exp, 0).ok_or_else(void)?;
    Ok(Bearer { user, scopes: claims.scopes(), expires_on })
}

/// The actor behind the token of an app's user: it may look at itself, and nothing else here.
///
/// # Errors
/// As [`verify`].
pub fn actor_by_identity_token(app: &App, token: &str) -> Result<Actor, Error> {
    let bearer = verify(app, token)?;
    let (tenant, name) = (Some(bearer.user.tenant), bearer.user.to_string());
    Ok(Actor { user: None, tenant, role: Role::AppUser, name })
}

fn void() -> Error {
    Error::unauthenticated(
        "the token is not valid here, has expired, or was revoked: have your server issue a new one",
    )
}
