//! The gate that every request passes: it reads the body of API calls within bounds, finds out who asks, and gives every
//! answer its headers.

use crate::{
    auth::{self, Asker},
    caught::Caught,
    door::Door,
    error::ApiError,
    extract::RawBody,
    limits::{Limiter, Standings},
    server::Connection,
};
use actix_web::{
    Error, HttpMessage as _, ResponseError as _,
    body::{BodyStream, BoxBody, MessageBody, to_bytes_limited},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Largest body of a caller who shows no credentials, in bytes: sign-up and sign-in are small.
const ANONYMOUS_BODY_MAX_BYTES: usize = 64 * 1024;
/// Largest body, in bytes.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Largest body of an import of numbers, in bytes.
const IMPORT_BODY_MAX_BYTES: usize = 128 * 1024 * 1024;
/// Imports that are read at the same time.
const IMPORTS_MAX: usize = 2;
static IMPORTS: Semaphore = Semaphore::const_new(IMPORTS_MAX);
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest request id that is sent back, in bytes.
const REQUEST_ID_MAX_BYTES: usize = 256;
/// First segments of the paths that speak JSON.
const API_ROOTS: [&str; 10] = [
    "api",
    "phoneNumbers",
    "availablePhoneNumbers",
    "operatorInformation",
    "sip",
    "identities",
    "teamsUser",
    ".well-known",
    "calling",
    "openapi.json",
];
/// What the data plane says it understands.
const SUPPORTED_VERSIONS: &str = "2021-03-07, 2022-01-11-preview2, 2022-06-01, 2022-10-01, 2022-12-01, 2023-03-01, 2023-05-01-preview, 2023-10-01, 2024-03-01, 2025-02-11, 2025-04-01, 2025-06-01";
/// Nothing from elsewhere, nothing inline, no frames.
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// The gate.
pub(crate) async fn pass(
    door: Data<Door>,
    app: Data<app::App>,
    limiter: Data<Limiter>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut dress = Dress::of(&request, &door);
    let mut response = match prepare(&app, &limiter, &mut request, &mut dress.standings).await {
        Ok(()) => match Caught::new(next.call(request)).await {
            Ok(response) => response?.map_into_boxed_body(),
            Err(panicked) => {
                let mut response = panicked.answer(dress.api);
                door.answers.count(response.status());
                dress.put_on(response.headers_mut());
                return Err(InternalError::from_response("a handler panicked", response).into());
            }
        },
        Err(error) => request.into_response(error.error_response()),
    };
    door.answers.count(response.status());
    dress.put_on(response.headers_mut());
    Ok(response)
}

async fn prepare(
    app: &app::App,
    limiter: &Limiter,
    request: &mut ServiceRequest,
    standings: &mut Standings,
) -> Result<(), ApiError> {
    if !is_api(request.path()) {
        return Ok(());
    }
    let body = read_body(request).await?;
    request.set_payload(Payload::from(body.clone()));
    let asker = auth::authenticate(app, request, &body).await;
    *standings = limiter.count(request.request(), asker.as_ref());
    standings.check()?;
    if let Some(asker) = asker {
        request.extensions_mut().insert::<Asker>(asker);
    }
    request.extensions_mut().insert(RawBody(body));
    Ok(())
}

/// Whether a path belongs to the API. Slashes are collapsed later, since signatures cover them.
pub(crate) fn is_api(path: &str) -> bool {
    // What comes over a WebSocket is no body, and is read elsewhere.
    if path == crate::websocket::PATH {
        return false;
    }
    let first = path.trim_start_matches('/').split(['/', ':']).next().unwrap_or_default();
    API_ROOTS.contains(&first)
}

async fn read_body(request: &mut ServiceRequest) -> Result<Bytes, ApiError> {
    let limit = match request.path() {
        _ if !request.headers().contains_key(header::AUTHORIZATION) => ANONYMOUS_BODY_MAX_BYTES,
        path if is_import(path) => IMPORT_BODY_MAX_BYTES,
        _ => BODY_MAX_BYTES,
    };
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: usize| bytes > limit) {
        return Err(too_large(limit));
    }
    // What announces no length is small.
    let announced = announced.and_then(|text| text.parse().ok()).unwrap_or(0);
    let limit = limit.min(BODY_MAX_BYTES.max(announced));
    if limit > BODY_MAX_BYTES {
        let turn =
            IMPORTS.try_acquire().map_err(|_| ApiError::from(app::Error::Unavailable { retry_after: 10 }))?;
        request.extensions_mut().insert(turn);
    }
    let payload = request.take_payload();
    tokio::time::timeout(BODY_TIMEOUT, collect(payload, limit)).await.unwrap_or_else(|_| {
        let message = format!("the body did not arrive within {} s", BODY_TIMEOUT.as_secs());
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message).at("body"))
    })
}

/// Whether a path takes files of numbers, prices or sound.
fn is_import(path: &str) -> bool {
    path.ends_with("/operator/inventory")
        || path.ends_with("/operator/inventory:preview")
        || path.ends_with(":reconcile")
        || (path.contains("/operator/rateDecks/") && path.ends_with("/versions"))
        || path.contains("/operator/announcements/")
}

async fn collect(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let body = BodyStream::new(payload);
    to_bytes_limited(body, limit)
        .await
        .map_err(|_| too_large(limit))?
        .map_err(|error| ApiError::invalid("body", format!("the body broke off: {error}")))
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the body may have at most {limit} bytes");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", message).at("body")
}

/// The headers that an answer will wear, known from its request.
struct Dress {
    api: bool,
    strict: bool,
    request_id: Option<HeaderValue>,
    standings: Standings,
}

impl Dress {
    fn of(request: &ServiceRequest, door: &Door) -> Self {
        let secure = request.conn_data::<Connection>().is_some_and(|connection| connection.secure);
        let request_id = request.headers().get(&REQUEST_ID);
        Self {
            api: is_api(request.path()),
            strict: secure && door.strict_transport,
            request_id: request_id.filter(|value| value.len() <= REQUEST_ID_MAX_BYTES).cloned(),
            standings: Standings::default(),
        }
    }

    fn put_on(self, headers: &mut HeaderMap) {
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "same-origin");
        set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
        if self.strict {
            set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        if self.api {
            set(HeaderName::from_static("api-supported-versions"), SUPPORTED_VERSIONS);
        }
        if self.api && !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        self.standings.put_on(headers);
        if let Some(id) = self.request_id {
            headers.insert(REQUEST_ID, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_api_are_known_with_double_slashes_and_colons_and_pages_are_not_among_them() {
        for path in [
            "/api/v1/tenant",
            "//availablePhoneNumbers/:purchase",
            "/sip",
            "/sip:testRoutesWithNumber",
            "/openapi.json",
        ] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/signup", "/app/numbers", "/static/css/x.css", "/apix", "/sip/ws", "/healthz", ""]
        {
            assert!(!is_api(path), "{path}");
        }
    }
}
