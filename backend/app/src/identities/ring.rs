//! The keys under which tokens are signed: the youngest one signs, the others verify until what they signed is over.

use super::{KEY_DAYS, TOKEN_MINUTES_MAX};
use crate::{
    App, Error,
    vault::{Place, Secret},
};
use chrono::{DateTime, Duration, Utc};
use domain::access::Scope;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    jwk::{Jwk, PublicKeyUse},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use store::signing_keys::SigningKey;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A key at work.
pub(super) struct RingKey {
    pub(super) id: Uuid,
    pub(super) private: EncodingKey,
    pub(super) public: DecodingKey,
    pub(super) jwk: Jwk,
    pub(super) created_at: DateTime<Utc>,
    pub(super) retired_at: Option<DateTime<Utc>>,
}

/// All keys, youngest first.
#[derive(Default)]
pub(super) struct Ring(pub(super) Vec<RingKey>);

impl Ring {
    /// The key that signs.
    pub(super) fn signing(&self) -> Option<&RingKey> {
        self.0.iter().find(|key| key.retired_at.is_none())
    }

    /// The key of a name.
    pub(super) fn get(&self, id: &str) -> Option<&RingKey> {
        let id = Uuid::try_parse(id).ok()?;
        self.0.iter().find(|key| key.id == id)
    }
}

/// How long a key that signs nothing more is still needed: as long as a token lasts.
pub(super) fn memory() -> Duration {
    Duration::minutes(TOKEN_MINUTES_MAX.into())
}

/// Reads keys and revocations; makes the first key.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    let scope = Scope::system("tokens of all tenants are signed by the platform");
    let revoked = store::identities::revoked_since(app.db().read(), &scope, app.now() - memory()).await?;
    for row in revoked {
        match (row.deleted_at, row.revoked_at) {
            (Some(at), _) => app.identities().gone(row.id, at),
            (None, Some(at)) => app.identities().revoked(row.id, row.generation, at),
            (None, None) => {}
        }
    }
    if store::signing_keys::all(app.db().read(), &scope).await?.iter().all(|key| key.retired_at.is_some()) {
        succeed(app, &scope).await?;
    }
    reload(app, &scope).await
}

/// Reads the keys.
pub(super) async fn reload(app: &App, scope: &Scope) -> Result<(), Error> {
    let rows = store::signing_keys::all(app.db().read(), scope).await?;
    let keys = rows.into_iter().map(|row| open(app, row)).collect::<Result<_, _>>()?;
    app.identities().set_ring(Ring(keys));
    Ok(())
}

/// Makes a key that signs from now on. (RSA of 2,048 bits takes a moment to find: not on a thread that serves.)
pub(super) async fn succeed(app: &App, scope: &Scope) -> Result<Uuid, Error> {
    let pem = tokio::task::spawn_blocking(generate).await.map_err(Error::internal)??;
    let id = Uuid::now_v7();
    let row = SigningKey {
        id,
        private_key: app.vault().seal(place(&id.to_string()), &pem),
        created_at: app.now(),
        retired_at: None,
    };
    app.db()
        .write::<_, Error, _>(async |tx| Ok(store::signing_keys::succeed(tx, scope, row.clone()).await?))
        .await?;
    Ok(id)
}

/// Whether it is time for a new key.
pub(super) fn is_due(key: &RingKey, now: DateTime<Utc>) -> bool {
    now - key.created_at >= Duration::days(KEY_DAYS)
}

fn generate() -> Result<Secret, Error> {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(Error::internal)?;
    Ok(Zeroizing::new(pair.serialize_pem().into_bytes()))
}

fn open(app: &App, row: SigningKey) -> Result<RingKey, Error> {
    let id = row.id.to_string();
    let pem = app.vault().open(place(&id), &row.private_key)?;
    let private = EncodingKey::from_rsa_pem(&pem).map_err(Error::internal)?;
    let mut jwk = Jwk::from_encoding_key(&private, Algorithm::RS256).map_err(Error::internal)?;
    (jwk.common.key_id, jwk.common.public_key_use) = (Some(id), Some(PublicKeyUse::Signature));
    let public = DecodingKey::from_jwk(&jwk).map_err(Error::internal)?;
    Ok(RingKey { id: row.id, private, public, jwk, created_at: row.created_at, retired_at: row.retired_at })
}

const fn place(id: &str) -> Place<'_> {
    Place { tenant: "platform", table: "signing_keys", column: "private_key", id }
}
