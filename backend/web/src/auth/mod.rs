//! Who is asking: a tenant's access key by its signature, or a person by a token.

pub(crate) mod heard;
pub(crate) mod hmac;

use crate::{error::ApiError, server::Connection};
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::{Payload, ServiceRequest},
    http::{
        StatusCode,
        header::{AUTHORIZATION, HOST, HeaderMap},
    },
    web::Data,
};
use chrono::Utc;
use domain::{
    access::{Actor, Role},
    grants::Grant,
};
use heard::Heard;
use hmac::{Parts, SignedRequest};
use std::{
    future::{Ready, ready},
    ops::Deref,
};

/// What the gate found out about who is asking, where credentials came along.
#[derive(Debug, Clone)]
pub(crate) struct Asker(Result<Actor, ApiError>);

impl Asker {
    /// Whoever it is, or why the credentials do not hold.
    pub(crate) const fn actor(&self) -> Result<&Actor, &ApiError> {
        self.0.as_ref()
    }

    /// Whose requests these are, where the credentials hold: the tenant, or the operator by name.
    pub(crate) fn account(&self) -> Option<String> {
        let actor = self.0.as_ref().ok()?;
        Some(match actor.tenant {
            Some(tenant) => format!("tenant:{tenant}"),
            None => format!("operator:{}", actor.name),
        })
    }
}

/// The actor behind a request. A handler that takes it refuses the anonymous.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Actor);

impl Deref for Caller {
    type Target = Actor;
    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.extensions().get::<Asker>() {
            Some(Asker(Ok(actor))) if is_reader(actor) && !may_read(request) => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "this key only reads: take one with the scope operator.write",
            )),
            Some(Asker(asker)) => asker.clone().map(Self),
            None => Err(ApiError::unauthenticated(
                "say who you are: sign the request with an access key (HMAC-SHA256), or send Authorization: Bearer with an API key or a token from POST /api/v1/tokens",
            )
            .at("Authorization")),
        })
    }
}

/// Whether this is a key of the operator that changes nothing.
const fn is_reader(actor: &Actor) -> bool {
    matches!(actor.role, Role::Machine(grants) if actor.tenant.is_none() && !grants.has(Grant::OperatorWrite))
}

/// Whether a request changes nothing of the platform: a token may be made from any key.
fn may_read(request: &HttpRequest) -> bool {
    request.method().is_safe() || request.path() == "/api/v1/accessTokens"
}

/// The bearer that a request shows.
pub(crate) fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Looks at the credentials of a request; `None` where there are none.
pub(crate) async fn authenticate(app: &app::App, request: &ServiceRequest, body: &[u8]) -> Option<Asker> {
    let header = request.headers().get(AUTHORIZATION)?;
    let Ok(header) = header.to_str() else {
        return Some(Asker(Err(refused("the Authorization header is not readable text"))));
    };
    let scheme = header.trim().split(' ').next().unwrap_or_default();
    let asker = if scheme.eq_ignore_ascii_case(hmac::SCHEME) {
        by_key(app, request, header, body)
    } else if scheme.eq_ignore_ascii_case("Bearer") {
        by_token(app, request, header).await
    } else {
        Err(refused("the Authorization header must begin with HMAC-SHA256 or Bearer"))
    };
    Some(Asker(asker))
}

fn by_key(app: &app::App, request: &ServiceRequest, header: &str, body: &[u8]) -> Result<Actor, ApiError> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = host_of(request).ok_or_else(|| refused("the request has no Host header"))?;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let parts = Parts {
        method: request.method().as_str(),
        target,
        host,
        authorization: header,
        date: text("x-ms-date"),
        content_hash: text("x-ms-content-sha256"),
        body,
    };
    let signed = SignedRequest::read(&parts, Utc::now()).map_err(|rejected| refused(rejected.to_string()))?;
    let actor = app::tenants::actor_by_key(app, hmac::without_port(host), |key| signed.verify(key))?;
    let heard = request.app_data::<Data<Heard>>();
    let is_first = request.method().is_safe()
        || heard.is_none_or(|heard| heard.admit(signed.signature(), !is_private(request)));
    if is_first {
        return Ok(actor);
    }
    Err(refused(
        "this very request arrived before, in the clear, where anybody could have copied it: sign it anew, and use https",
    ))
}

async fn by_token(app: &app::App, request: &ServiceRequest, header: &str) -> Result<Actor, ApiError> {
    if !is_private(request) {
        return Err(refused(
            "a token must not travel in the clear: use https, and ask for a new token, since this one was readable on its way",
        ));
    }
    let token = header.trim().split_once(' ').map_or("", |(_, token)| token.trim());
    Ok(app::tenants::actor_by_token(app, token).await?)
}

/// The Host header, or what HTTP/2 has in its place.
fn host_of(request: &ServiceRequest) -> Option<&str> {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// Whether nobody on the way could read the request: TLS here or at a proxy in front, or this very machine.
fn is_private(request: &ServiceRequest) -> bool {
    let connection = request.conn_data::<Connection>();
    let forwarded = request.headers().get("x-forwarded-proto").is_some_and(|value| value == "https");
    forwarded
        || connection.is_none_or(|connection| {
            connection.secure || connection.peer.is_some_and(|at| at.ip().is_loopback())
        })
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::unauthenticated(message).at("Authorization")
}
