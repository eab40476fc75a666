//! Who asks; the users of a tenant's apps; and the keys that sign their tokens.

use super::{Listing, Operator, PageParams, created, ok};
use crate::{
    auth::{Caller, bearer_of},
    error::ApiResult,
    extract::Params,
};
use actix_web::{HttpRequest, get, post, web::Data};
use app::identities::{self, IdentityView, SigningKeyView};
use chrono::{DateTime, Utc};
use domain::access::Role;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_me).service(list_identities).service(list_signing_keys).service(rotate_signing_key);
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// An address, `key:primary`, or a user of an app (`8:acs:…`).
    name: String,
    /// `operator`, `owner`, `key` (an access key), `machine` (an API key, or a token from a key) or `appUser`.
    role: &'static str,
    /// The tenant; none for operators.
    tenant: Option<Uuid>,
    /// Of a machine, or of a token: what it lets its bearer do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<&'static str>,
    /// Of a token: until when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<DateTime<Utc>>,
    /// Of a user of an app: with what its phone registers. It shows its token as `Authorization: Bearer` (RFC 8898).
    #[serde(skip_serializing_if = "Option::is_none")]
    sip: Option<Sip>,
}

/// With what a phone registers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sip {
    /// The address of record.
    uri: String,
    /// Where the WebSocket is, on this host.
    web_socket_path: &'static str,
}

/// A user of an app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    /// `8:acs:<resource>_<user>`.
    id: String,
    created_at: DateTime<Utc>,
    /// When its tokens were last revoked.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<IdentityView> for Identity {
    fn from(view: IdentityView) -> Self {
        Self { id: view.user.to_string(), created_at: view.created_at, revoked_at: view.revoked_at }
    }
}

/// A key that signs tokens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningKey {
    /// The `kid` of tokens.
    id: Uuid,
    created_at: DateTime<Utc>,
    /// Since when it signs nothing more. It verifies for as long as a token lasts.
    retired_at: Option<DateTime<Utc>>,
}

impl From<SigningKeyView> for SigningKey {
    fn from(view: SigningKeyView) -> Self {
        Self { id: view.id, created_at: view.created_at, retired_at: view.retired_at }
    }
}

/// Who asks, by whatever it shows: an access key, a sign-in, or the token of an app's user.
#[utoipa::path(tag = "identity", responses((status = 200, body = Me)))]
#[get("/api/v1/me")]
pub(crate) async fn get_me(app: Data<app::App>, caller: Caller, request: HttpRequest) -> ApiResult {
    let mut me = Me {
        name: caller.name.clone(),
        role: caller.role.word(),
        tenant: caller.tenant.map(|tenant| tenant.0),
        scopes: Vec::new(),
        expires_on: None,
        sip: None,
    };
    if let Role::Machine(grants) = caller.role {
        me.scopes = grants.iter().map(domain::grants::Grant::word).collect();
    }
    if let (Role::AppUser, Some(token)) = (caller.role, bearer_of(request.headers())) {
        let bearer = identities::verify(&app, token)?;
        me.scopes = bearer.scopes.iter().map(|scope| scope.word()).collect();
        me.expires_on = Some(bearer.expires_on);
        me.sip = app.live().tenant(bearer.user.tenant).map(|tenant| Sip {
            uri: format!("sip:{}@{}", bearer.user.sip_username(), tenant.piece.piece.value.sip_domain),
            web_socket_path: crate::websocket::PATH,
        });
    }
    ok(&me)
}

/// The users of the tenant's apps, oldest first.
#[utoipa::path(tag = "identity", params(PageParams), responses((status = 200, body = Listing<Identity>)))]
#[get("/api/v1/identities")]
pub(crate) async fn list_identities(
    app: Data<app::App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = identities::list(&app, &caller, &page.0.request()?).await?;
    ok(&Listing::<Identity>::of_page(found, &request))
}

/// The keys that sign tokens of apps' users, youngest first. Their public halves stand at `/.well-known/jwks.json`.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<SigningKey>)))]
#[get("/api/v1/operator/signingKeys")]
pub(crate) async fn list_signing_keys(app: Data<app::App>, operator: Operator) -> ApiResult {
    let keys = identities::keys(&app, &operator)?.into_iter().map(SigningKey::from).collect();
    ok(&Listing::whole(keys))
}

/// Has a new key sign tokens from now on. What was signed before stays good until it expires.
#[utoipa::path(tag = "operator", responses((status = 201, body = SigningKey)))]
#[post("/api/v1/operator/signingKeys:rotate")]
pub(crate) async fn rotate_signing_key(app: Data<app::App>, operator: Operator) -> ApiResult {
    let made = identities::rotate(&app, &operator).await?;
    Ok(created("/api/v1/operator/signingKeys", &SigningKey::from(made)))
}
