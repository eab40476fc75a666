//! A tenant's two access keys, with which programs sign (HMAC). One is changed while the other is in use: the old one
//! is void at once. People alone change and see them.

use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Changed, refresh},
    tenants::endpoint,
    vault::{Place, Secret},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of an access key.
const KEY_BYTES: usize = 32;
/// Hexadecimal digits of a key's fingerprint.
const FINGERPRINT: usize = 16;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    Primary,
    /// The second.
    Secondary,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Secondary];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }

    /// The one with this word.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn from_word(word: &str) -> Result<Self, Error> {
        let slot = Self::ALL.into_iter().find(|slot| slot.word() == word);
        slot.ok_or_else(|| Error::not_found("slot", "there are two access keys: primary and secondary"))
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKeyView {
    /// Which of the two.
    pub slot: Slot,
    /// The beginning of its SHA-256, hexadecimal: tells whether a program has this one.
    pub fingerprint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A key that is shown.
#[derive(Clone)]
pub struct ShownKey {
    /// What may be said of it at any time.
    pub view: AccessKeyView,
    /// Base64.
    pub key: String,
    /// The tenant's endpoint.
    pub endpoint: String,
    /// `endpoint=…;accesskey=…`.
    pub connection_string: String,
}

/// A new secret.
pub(crate) fn fresh() -> Secret {
    Zeroizing::new(rand::random::<[u8; KEY_BYTES]>().to_vec())
}

/// What tells keys apart without showing them.
pub(crate) fn fingerprint(secret: &[u8]) -> String {
    let mut text = hex::encode(Sha256::digest(secret));
    text.truncate(FINGERPRINT);
    text
}

/// Both keys, without their secrets.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<AccessKeyView>, Error> {
    let scope = actor.scope(Permission::ManageAccess)?;
    let tenant = tenant_of(&scope)?;
    let mut views = Vec::with_capacity(Slot::ALL.len());
    for slot in Slot::ALL {
        let (view, _) = read(app, &scope, tenant, slot).await?;
        views.push(view);
    }
    Ok(views)
}

/// Shows a key. Who looked is written down.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] for the slot.
pub async fn reveal(app: &App, actor: &Actor, slot: Slot) -> Result<ShownKey, Error> {
    let scope = actor.scope(Permission::ManageAccess)?;
    let tenant = tenant_of(&scope)?;
    let (view, secret) = read(app, &scope, tenant, slot).await?;
    note(app, &scope, actor, tenant, "accessKey.reveal", &view, &view).await?;
    shown(app, tenant, view, &secret)
}

/// Puts a new key into a slot. What signs with the old one is refused from now on, and so are the tokens that were
/// made with it.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] for the slot.
pub async fn regenerate(app: &App, actor: &Actor, slot: Slot) -> Result<ShownKey, Error> {
    let scope = actor.scope(Permission::ManageAccess)?;
    let tenant = tenant_of(&scope)?;
    let (secret, now) = (fresh(), app.now());
    let view = AccessKeyView { slot, fingerprint: fingerprint(&secret), created_at: now };
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row =
                store::access_keys::get(tx, &scope, tenant, slot.word()).await?.ok_or_else(no_key)?;
            let before = AccessKeyView {
                slot,
                fingerprint: fingerprint(&open(app, &row)?),
                created_at: row.created_at,
            };
            let (owner, id) = (row.tenant_id.to_string(), row.id.to_string());
            row.secret = app.vault().seal(place(&owner, &id), &secret);
            row.created_at = now;
            store::access_keys::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "accessKey.regenerate",
                target: slot.word(),
                before: audit::seen(&before),
                after: audit::seen(&view),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    shown(app, tenant, view, &secret)
}

async fn read(
    app: &App,
    scope: &Scope,
    tenant: TenantId,
    slot: Slot,
) -> Result<(AccessKeyView, Secret), Error> {
    let row = store::access_keys::get(app.db().read(), scope, tenant, slot.word()).await?;
    let row = row.ok_or_else(no_key)?;
    let secret = open(app, &row)?;
    let view = AccessKeyView { slot, fingerprint: fingerprint(&secret), created_at: row.created_at };
    Ok((view, secret))
}

fn open(app: &App, row: &store::access_keys::AccessKey) -> Result<Secret, Error> {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    Ok(app.vault().open(place(&tenant, &id), &row.secret)?)
}

const fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "access_keys", column: "secret", id }
}

async fn note(
    app: &App,
    scope: &Scope,
    actor: &Actor,
    tenant: TenantId,
    what: &'static str,
    before: &AccessKeyView,
    after: &AccessKeyView,
) -> Result<(), Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what,
                target: after.slot.word(),
                before: audit::seen(before),
                after: audit::seen(after),
            };
            audit::record(app, tx, scope, change).await
        })
        .await
}

fn shown(app: &App, tenant: TenantId, view: AccessKeyView, secret: &[u8]) -> Result<ShownKey, Error> {
    let live = app.live();
    let tenant = live.tenant(tenant).ok_or_else(no_key)?;
    let (key, endpoint) = (STANDARD.encode(secret), endpoint(app, tenant.slug()));
    let connection_string = format!("endpoint={endpoint};accesskey={key}");
    Ok(ShownKey { view, key, endpoint, connection_string })
}

fn tenant_of(scope: &Scope) -> Result<TenantId, Error> {
    scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))
}

fn no_key() -> Error {
    Error::not_found("slot", "there is no such access key: ask the operator of the platform")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_read_by_their_words_and_nothing_else_is_one() {
        for slot in Slot::ALL {
            assert_eq!(Slot::from_word(slot.word()).ok(), Some(slot));
        }
        assert!(Slot::from_word("tertiary").is_err());
    }

    #[test]
    fn a_fingerprint_is_short_and_of_its_key_alone() {
        assert_eq!(fingerprint(b"a").len(), FINGERPRINT);
        assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
    }
}
