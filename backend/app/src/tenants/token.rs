//! Bearer tokens: JWTs under a key of the platform.

use super::{Token, sign_in, sign_in::actor_of};
use crate::{
    App, Error,
    vault::{Place, Secret},
};
use chrono::{DateTime, Duration, Utc};
use domain::access::{Actor, Scope};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Hours that a token works.
const TOKEN_HOURS: i64 = 12;
/// Days that the link of a verification mail works.
const VERIFICATION_DAYS: i64 = 7;
/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// The name of the key among the platform's values.
const KEY_NAME: &str = "token-key";
const KEY_PLACE: Place<'static> =
    Place { tenant: "platform", table: "platform_values", column: "value", id: KEY_NAME };

/// What a token is for: one for signing in is no good for verifying an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It stands in `Authorization`.
    Api,
    /// It stands in the link of a mail.
    Verification,
    /// A program made it from its key, and shows it in `Authorization`.
    Machine,
}

impl Purpose {
    pub(crate) const fn audience(self) -> &'static str {
        match self {
            Self::Api => "dialtone",
            Self::Verification => "dialtone-verification",
            Self::Machine => "dialtone-machine",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    aud: String,
    iat: i64,
    exp: i64,
    /// What its bearer is: `owner` or `operator`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    role: String,
}

/// A JWT for an e-mail address and a password.
///
/// # Errors
/// As [`sign_in`](super::sign_in).
pub async fn issue_token(app: &App, email: &str, password: &str) -> Result<Token, Error> {
    let actor = sign_in(app, email, password).await?;
    let user = actor.user.ok_or_else(unknown)?;
    let (token, expires_on) = sign(app, user.0, Purpose::Api, actor.role.word())?;
    Ok(Token { token, expires_on })
}

/// The actor behind a bearer: an API key, or a JWT of somebody who signed in, of a program, or of a user of an app.
///
/// # Errors
/// [`Error::Unauthenticated`] where it is not ours, or has expired.
pub async fn actor_by_token(app: &App, token: &str) -> Result<Actor, Error> {
    if crate::api_keys::is_api_key(token) {
        return crate::api_keys::actor_by_api_key(app, token).await;
    }
    if jsonwebtoken::decode_header(token).is_ok_and(|header| header.alg == Algorithm::RS256) {
        return crate::identities::actor_by_identity_token(app, token);
    }
    if let Some(machine) = crate::api_keys::actor_by_machine_token(app, token).await? {
        return Ok(machine);
    }
    let user = read(app, token, Purpose::Api)?;
    let scope = Scope::system("who shows a token is in no scope yet");
    let user = store::users::get(app.db().read(), &scope, user).await?.ok_or_else(unknown)?;
    actor_of(app, user)
}

/// Signs a token for a person, whose role it names where it is for signing in.
pub(crate) fn sign(
    app: &App,
    user: Uuid,
    purpose: Purpose,
    role: &str,
) -> Result<(String, DateTime<Utc>), Error> {
    let now = app.now();
    let lasts = match purpose {
        Purpose::Api | Purpose::Machine => Duration::hours(TOKEN_HOURS),
        Purpose::Verification => Duration::days(VERIFICATION_DAYS),
    };
    let expires = now + lasts;
    let claims = Claims {
        sub: user,
        aud: purpose.audience().to_owned(),
        iat: now.timestamp(),
        exp: expires.timestamp(),
        role: role.to_owned(),
    };
    let key = EncodingKey::from_secret(app.token_key());
    let token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(Error::internal)?;
    Ok((token, DateTime::from_timestamp(expires.timestamp(), 0).unwrap_or(expires)))
}

/// The person a token was signed for.
pub(crate) fn read(app: &App, token: &str, purpose: Purpose) -> Result<Uuid, Error> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[purpose.audience()]);
    rules.leeway = 0;
    let key = DecodingKey::from_secret(app.token_key());
    jsonwebtoken::decode::<Claims>(token, &key, &rules).map(|data| data.claims.sub).map_err(|_| unknown())
}

fn unknown() -> Error {
    Error::unauthenticated("the token is not valid here, or has expired: get one from POST /api/v1/tokens")
}

/// The key under which tokens are signed; made once for all nodes.
pub(crate) async fn key(db: &store::Db, vault: &crate::Vault) -> Result<Secret, Error> {
    let scope = Scope::system("the token key is the platform's");
    let fresh = vault.seal(KEY_PLACE, &rand::random::<[u8; KEY_BYTES]>());
    let kept = match store::platform::value(db.read(), &scope, KEY_NAME).await? {
        Some(kept) => kept,
        None => {
            db.write::<_, Error, _>(async |tx| {
                Ok(store::platform::keep_value(tx, &scope, KEY_NAME, fresh.clone()).await?)
            })
            .await?
        }
    };
    Ok(vault.open(KEY_PLACE, &kept)?)
}
