//! Bodies are signed as the Standard Webhooks specification says: HMAC-SHA256 over `id.timestamp.body`.

use super::{Created, find, tenant_of, view};
use crate::{
    App, Error,
    audit::{self, Change},
    vault::{Place, Secret},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Duration, Utc};
use domain::access::{Actor, Permission};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use store::webhooks::Webhook;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Hours for which a secret that was replaced signs beside its successor.
pub const PREVIOUS_HOURS: i64 = 24;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// What stands before a secret, so that people know it where they see it.
const PREFIX: &str = "whsec_";

/// A new secret, sealed and as it is shown.
pub(super) fn fresh(app: &App, tenant: Uuid, id: Uuid) -> (Vec<u8>, String) {
    let (tenant, id) = (tenant.to_string(), id.to_string());
    fresh_at(app, place(&tenant, &id))
}

/// A new secret for another place, sealed for it and as it is shown.
pub(crate) fn fresh_at(app: &App, place: Place<'_>) -> (Vec<u8>, String) {
    let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
    let sealed = app.vault().seal(place, secret.as_slice());
    (sealed, format!("{PREFIX}{}", STANDARD.encode(secret.as_slice())))
}

/// The secrets that sign now: the current one first.
pub(super) fn signing(app: &App, row: &Webhook, now: DateTime<Utc>) -> Result<Vec<Secret>, Error> {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let is_due = row.previous_until.is_some_and(|until| until > now);
    let previous = row.previous_secret.iter().filter(|_| is_due);
    std::iter::once(&row.secret)
        .chain(previous)
        .map(|sealed| Ok(app.vault().open(place(&tenant, &id), sealed)?))
        .collect()
}

/// The value of `webhook-signature`: one signature for each secret.
pub(super) fn signature(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let sign = |secret: &Secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// Gives a subscription a new secret. The one before it signs beside it for a day, so that the receiver can change over.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn rotate_secret(app: &App, actor: &Actor, id: Uuid) -> Result<Created, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    let (sealed, shown) = fresh(app, tenant.0, id);
    let now = app.now();
    let row = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut row = find(tx, &scope, id).await?;
            row.previous_secret = Some(std::mem::replace(&mut row.secret, sealed.clone()));
            row.previous_until = Some(now + Duration::hours(PREVIOUS_HOURS));
            row.updated_at = now;
            store::webhooks::update(tx, &scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.rotateSecret",
                target: &row.id.to_string(),
                before: Value::Null,
                after: json!({ "name": row.name, "previousUntil": row.previous_until }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(row)
        })
        .await?;
    Ok(Created { webhook: view::view(&row, now)?, secret: shown })
}

const fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "webhooks", column: "secret", id }
}
