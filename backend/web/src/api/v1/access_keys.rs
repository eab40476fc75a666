//! The tenant's two access keys: looking at them, showing one, and putting a new one in the place of the old.

use super::{Listing, ok};
use crate::{auth::Caller, error::ApiResult};
use actix_web::{
    get, post,
    web::{Data, Path},
};
use app::access_keys::{self, AccessKeyView, ShownKey, Slot};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_access_keys).service(reveal_access_key).service(regenerate_access_key);
}

/// An access key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessKey {
    /// `primary` or `secondary`.
    slot: &'static str,
    /// The beginning of the key's SHA-256, hexadecimal: tells whether a program has this one.
    fingerprint: String,
    created_at: DateTime<Utc>,
}

/// An access key with its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessKeyShown)]
pub(crate) struct Shown {
    #[serde(flatten)]
    of: AccessKey,
    /// Base64.
    key: String,
    endpoint: String,
    /// `endpoint=…;accesskey=…`, for the official SDKs.
    connection_string: String,
}

impl From<AccessKeyView> for AccessKey {
    fn from(view: AccessKeyView) -> Self {
        Self { slot: view.slot.word(), fingerprint: view.fingerprint, created_at: view.created_at }
    }
}

impl From<ShownKey> for Shown {
    fn from(shown: ShownKey) -> Self {
        Self {
            of: shown.view.into(),
            key: shown.key,
            endpoint: shown.endpoint,
            connection_string: shown.connection_string,
        }
    }
}

/// The tenant's access keys, without their secrets. For its people: no key looks at keys.
#[utoipa::path(tag = "access", responses((status = 200, body = Listing<AccessKey>)))]
#[get("/api/v1/accessKeys")]
pub(crate) async fn list_access_keys(app: Data<app::App>, caller: Caller) -> ApiResult {
    let keys = access_keys::list(&app, &caller).await?;
    ok(&Listing::whole(keys.into_iter().map(AccessKey::from).collect()))
}

/// Shows an access key and its connection string. Who looked is written into the audit.
#[utoipa::path(tag = "access", responses((status = 200, body = Shown)))]
#[post("/api/v1/accessKeys/{slot}:reveal")]
pub(crate) async fn reveal_access_key(app: Data<app::App>, caller: Caller, slot: Path<String>) -> ApiResult {
    ok(&Shown::from(access_keys::reveal(&app, &caller, Slot::from_word(&slot)?).await?))
}

/// Puts a new access key into a slot. The old one is void at once, and so are the tokens that were made with it: move
/// your programs to the other key first.
#[utoipa::path(tag = "access", responses((status = 200, body = Shown)))]
#[post("/api/v1/accessKeys/{slot}:regenerate")]
pub(crate) async fn regenerate_access_key(
    app: Data<app::App>,
    caller: Caller,
    slot: Path<String>,
) -> ApiResult {
    ok(&Shown::from(access_keys::regenerate(&app, &caller, Slot::from_word(&slot)?).await?))
}
