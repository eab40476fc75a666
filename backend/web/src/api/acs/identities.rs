//! Users of the tenant's apps, and their tokens.

use super::{ApiVersion, VersionParams, instant};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, RawBody, from_slice},
};
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, delete,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use app::identities::{self, Order, UserToken};
use domain::identity::TokenScope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(create_identity)
        .service(issue_identity_token)
        .service(revoke_identity_tokens)
        .service(delete_identity)
        .service(exchange_teams_token);
}

/// A user to make. With scopes, it comes with a token.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(example = json!({"createTokenWithScopes": ["voip"], "expiresInMinutes": 120}))]
pub(crate) struct CommunicationIdentityCreateRequest {
    /// What the token lets its bearer do: `chat`, `chat.join`, `chat.join.limited`, `voip`, `voip.join`.
    create_token_with_scopes: Vec<String>,
    /// How long the token lasts, 60 to 1,440 minutes; 1,440 where it is not said.
    expires_in_minutes: Option<u32>,
}

/// A token to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"scopes": ["voip", "chat"], "expiresInMinutes": 60}))]
pub(crate) struct CommunicationIdentityAccessTokenRequest {
    /// What it lets its bearer do.
    scopes: Vec<String>,
    /// How long it lasts, 60 to 1,440 minutes; 1,440 where it is not said.
    expires_in_minutes: Option<u32>,
}

/// A Teams user's token, to be exchanged.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TeamsUserExchangeTokenRequest {
    #[expect(dead_code, reason = "no Entra tenant is known here that could have signed it")]
    token: String,
    #[expect(dead_code, reason = "as the token")]
    app_id: String,
    #[expect(dead_code, reason = "as the token")]
    user_id: String,
}

/// A user of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommunicationIdentity {
    /// `8:acs:<resource>_<user>`.
    id: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommunicationIdentityAccessToken {
    /// A JWT (RS256); its keys stand at `/.well-known/jwks.json`.
    token: String,
    #[schema(format = DateTime)]
    expires_on: String,
}

/// A user that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommunicationIdentityAccessTokenResult {
    identity: CommunicationIdentity,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<CommunicationIdentityAccessToken>,
}

impl From<UserToken> for CommunicationIdentityAccessToken {
    fn from(issued: UserToken) -> Self {
        Self { token: issued.token, expires_on: instant(issued.expires_on) }
    }
}

/// Makes a user of the tenant's app, with a token where scopes are named.
#[utoipa::path(tag = "identity", params(VersionParams), request_body = Option<CommunicationIdentityCreateRequest>,
    responses((status = 201, body = CommunicationIdentityAccessTokenResult)))]
#[post("/identities")]
pub(crate) async fn create_identity(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    request: HttpRequest,
) -> ApiResult {
    let body = request.extensions().get::<RawBody>().cloned().unwrap_or_default().0;
    let wanted: CommunicationIdentityCreateRequest =
        if body.is_empty() { Default::default() } else { from_slice(&body)? };
    let order = match wanted.create_token_with_scopes.is_empty() {
        true => None,
        false => {
            Some(order("createTokenWithScopes", &wanted.create_token_with_scopes, wanted.expires_in_minutes)?)
        }
    };
    let (made, token) = identities::create(&app, &caller, order.as_ref()).await?;
    Ok(HttpResponse::Created().json(CommunicationIdentityAccessTokenResult {
        identity: CommunicationIdentity { id: made.user.to_string() },
        access_token: token.map(Into::into),
    }))
}

/// Issues a token for a user.
#[utoipa::path(tag = "identity", params(VersionParams), request_body = CommunicationIdentityAccessTokenRequest,
    responses((status = 200, body = CommunicationIdentityAccessToken)))]
#[post("/identities/{id}/:issueAccessToken")]
pub(crate) async fn issue_identity_token(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    id: Path<String>,
    body: Body<CommunicationIdentityAccessTokenRequest>,
) -> ApiResult {
    let order = order("scopes", &body.0.scopes, body.0.expires_in_minutes)?;
    let issued = identities::issue(&app, &caller, &id, &order).await?;
    Ok(HttpResponse::Ok().json(CommunicationIdentityAccessToken::from(issued)))
}

/// Voids all tokens of a user that were issued so far.
#[utoipa::path(tag = "identity", params(VersionParams), responses((status = 204, description = "They are void")))]
#[post("/identities/{id}/:revokeAccessTokens")]
pub(crate) async fn revoke_identity_tokens(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    id: Path<String>,
) -> ApiResult {
    identities::revoke(&app, &caller, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes a user; its tokens are void at once.
#[utoipa::path(tag = "identity", params(VersionParams), responses((status = 204, description = "It is gone")))]
#[delete("/identities/{id}")]
pub(crate) async fn delete_identity(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    id: Path<String>,
) -> ApiResult {
    identities::delete(&app, &caller, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Teams users belong to Microsoft Entra, which is not asked from here: always refused, with what to do instead.
#[utoipa::path(tag = "identity", params(VersionParams), request_body = TeamsUserExchangeTokenRequest,
    responses((status = 403, body = crate::error::ErrorBody)))]
#[post("/teamsUser/:exchangeAccessToken")]
pub(crate) async fn exchange_teams_token(
    _caller: Caller,
    _version: ApiVersion,
    _body: Body<TeamsUserExchangeTokenRequest>,
) -> ApiResult {
    let message =
        "Teams users are not known to this platform: make a user with POST /identities, and give it a token";
    Err(ApiError::new(StatusCode::FORBIDDEN, "Forbidden", message).at("token"))
}

fn order(field: &str, words: &[String], minutes: Option<u32>) -> Result<Order, ApiError> {
    let scope = |word: &String| {
        TokenScope::from_word(word).ok_or_else(|| {
            let known = TokenScope::ALL.map(TokenScope::word).join(", ");
            ApiError::invalid(field, format!("{field}: there is no scope {word:?}: use some of {known}"))
        })
    };
    Ok(Order { scopes: words.iter().map(scope).collect::<Result<_, _>>()?, minutes })
}
