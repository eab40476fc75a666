//! API keys: of a tenant at `/api/v1/apiKeys`, of the operator at `/api/v1/operator/apiKeys`; and the tokens that
//! programs have made from keys.

use super::{Listing, Operator, PageParams, created, ok};
use crate::{
    auth::{Caller, bearer_of},
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::{
    App,
    api_keys::{self, ApiKeyView, NewApiKey},
};
use chrono::{DateTime, Utc};
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_api_keys).service(create_api_key).service(revoke_api_key);
    routes.service(list_operator_api_keys).service(create_operator_api_key).service(revoke_operator_api_key);
    routes.service(create_access_token);
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "nightly report", "scopes": ["calls.read", "money.read"], "expiresAt": "2027-06-30T00:00:00Z"}))]
pub(crate) struct NewKey {
    /// What it is for, 1 to 100 characters.
    name: String,
    /// Of a tenant: `tenant.read`, `numbers.read`, `numbers.write`, `routing.read`, `routing.write`, `calls.read`,
    /// `calls.write`, `recordings.read`, `recordings.write`, `money.read`, `identities.write`, `audit.read`, `events.read`, `events.write`; writing includes reading. Of the operator:
    /// `operator.read`, `operator.write`.
    scopes: Vec<String>,
    /// Until when it works; without an end where it is left out.
    expires_at: Option<DateTime<Utc>>,
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    id: Uuid,
    name: String,
    /// How the key begins.
    prefix: String,
    scopes: Vec<&'static str>,
    /// `active`, `expired` or `revoked`.
    state: &'static str,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

/// An API key that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeyCreated)]
pub(crate) struct Made {
    #[serde(flatten)]
    of: ApiKey,
    /// The whole key, for `Authorization: Bearer`. It is shown this once.
    key: String,
}

impl From<ApiKeyView> for ApiKey {
    fn from(view: ApiKeyView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            prefix: view.prefix,
            scopes: view.scopes.iter().map(domain::grants::Grant::word).collect(),
            state: view.state.word(),
            created_by: view.created_by,
            created_at: view.created_at,
            expires_at: view.expires_at,
            last_used_at: view.last_used_at,
            revoked_at: view.revoked_at,
        }
    }
}

/// The tenant's API keys, youngest first; revoked and expired ones for 90 days.
#[utoipa::path(tag = "access", params(PageParams), responses((status = 200, body = Listing<ApiKey>)))]
#[get("/api/v1/apiKeys")]
pub(crate) async fn list_api_keys(
    app: Data<App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&app, &caller, page, &request).await
}

/// Makes an API key. Its secret is shown this once. For people: no key makes another.
#[utoipa::path(tag = "access", request_body = NewKey, responses((status = 201, body = Made)))]
#[post("/api/v1/apiKeys")]
pub(crate) async fn create_api_key(app: Data<App>, caller: Caller, body: Body<NewKey>) -> ApiResult {
    made(&app, &caller, body, "/api/v1/apiKeys").await
}

/// Revokes an API key: it is refused from now on, and so are the tokens that were made with it.
#[utoipa::path(tag = "access", responses((status = 204, description = "It is revoked")))]
#[delete("/api/v1/apiKeys/{id}")]
pub(crate) async fn revoke_api_key(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    revoked(&app, &caller, &id).await
}

/// The operator's API keys, youngest first; revoked and expired ones for 90 days.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<ApiKey>)))]
#[get("/api/v1/operator/apiKeys")]
pub(crate) async fn list_operator_api_keys(
    app: Data<App>,
    operator: Operator,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    listed(&app, &operator, page, &request).await
}

/// Makes an API key of the operator. Its secret is shown this once. For people: no key makes another.
#[utoipa::path(tag = "operator", request_body = NewKey, responses((status = 201, body = Made)))]
#[post("/api/v1/operator/apiKeys")]
pub(crate) async fn create_operator_api_key(
    app: Data<App>,
    operator: Operator,
    body: Body<NewKey>,
) -> ApiResult {
    made(&app, &operator, body, "/api/v1/operator/apiKeys").await
}

/// Revokes an API key of the operator.
#[utoipa::path(tag = "operator", responses((status = 204, description = "It is revoked")))]
#[delete("/api/v1/operator/apiKeys/{id}")]
pub(crate) async fn revoke_operator_api_key(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    revoked(&app, &operator, &id).await
}

async fn listed(app: &App, actor: &Actor, page: Params<PageParams>, request: &HttpRequest) -> ApiResult {
    let found = api_keys::list(app, actor, &page.0.request()?).await?;
    ok(&Listing::<ApiKey>::of_page(found, request))
}

async fn made(app: &App, actor: &Actor, body: Body<NewKey>, at: &str) -> ApiResult {
    let NewKey { name, scopes, expires_at } = body.0;
    let made = api_keys::create(app, actor, &NewApiKey { name, scopes, expires_at }).await?;
    let location = format!("{at}/{}", made.view.id);
    Ok(created(&location, &Made { of: made.view.into(), key: made.key }))
}

async fn revoked(app: &App, actor: &Actor, id: &str) -> ApiResult {
    let id = id.parse().map_err(|_| ApiError::not_found(format!("there is no API key {id:?}")).at("id"))?;
    api_keys::revoke(app, actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A token to make from the key that the request shows.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"scopes": ["numbers.read"], "expiresInMinutes": 15}))]
pub(crate) struct TokenOrder {
    /// Some of the key's own scopes; all of them where they are left out.
    scopes: Option<Vec<String>>,
    /// 1 to 1,440; 60 where it is left out. A token never outlives its key.
    #[schema(minimum = 1, maximum = 1440)]
    expires_in_minutes: Option<u32>,
}

/// A token of a program.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessToken {
    /// A JWT for `Authorization: Bearer`.
    token: String,
    expires_on: DateTime<Utc>,
    scopes: Vec<&'static str>,
}

/// Makes a token from a key: sign the request with an access key, or send an API key as the bearer. The token is a JWT
/// with an end and with scopes, for what should not hold the key itself, and is void as soon as the key is.
#[utoipa::path(tag = "access", request_body = TokenOrder, responses((status = 201, body = AccessToken)))]
#[post("/api/v1/accessTokens")]
pub(crate) async fn create_access_token(
    app: Data<App>,
    caller: Caller,
    body: Body<TokenOrder>,
    request: HttpRequest,
) -> ApiResult {
    let TokenOrder { scopes, expires_in_minutes } = body.0;
    let shown = bearer_of(request.headers());
    let made = api_keys::exchange(&app, &caller, shown, scopes.as_deref(), expires_in_minutes).await?;
    let token = AccessToken {
        token: made.token,
        expires_on: made.expires_on,
        scopes: made.scopes.iter().map(domain::grants::Grant::word).collect(),
    };
    Ok(created("/api/v1/me", &token))
}
