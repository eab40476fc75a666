//! `Idempotency-Key`: a POST that is sent again with the same key gets the first answer again, and does nothing.

use crate::{
    auth::Asker,
    error::ApiError,
    extract::RawBody,
    openapi::{IDEMPOTENCY_KEY, IDEMPOTENT_ROOT},
    server::Connection,
};
use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::{BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header::HeaderMap},
    middleware::Next,
    rt,
    web::Data,
};
use app::{
    App,
    replays::{self, Begun, Ticket},
};
use std::fmt::Write as _;

/// Says that an answer is not the first of its kind.
const REPLAYED: (&str, &str) = ("idempotency-replayed", "true");

/// The headers of an answer that are kept; all others are made anew for each.
const KEPT_HEADERS: [&str; 6] =
    ["content-type", "location", "etag", "operation-location", "operation-id", "retry-after"];

/// Lets a request through, or answers it again.
pub(crate) async fn pass(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some((caller, key, asked)) = read(&request) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    match replays::begin(&app, &caller, &key, &asked).await {
        // In a task of its own: a caller that hangs up must not leave a request half answered.
        Ok(Begun::Fresh(ticket)) => {
            rt::spawn(answer(app, ticket, request, next)).await.unwrap_or_else(|error| {
                tracing::error!(%error, "a request with an idempotency key broke off");
                Err(ApiError::internal().into())
            })
        }
        Ok(Begun::Replay { status, headers, body }) => {
            Ok(request.into_response(again(status, &headers, body)))
        }
        Err(error) => Ok(request.into_response(at_key(error).error_response())),
    }
}

/// The first answer again.
fn again(status: u16, headers: &str, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for (name, value) in headers.lines().filter_map(|line| line.split_once(": ")) {
        response.append_header((name, value));
    }
    response.insert_header(REPLAYED).body(body)
}

/// The headers of an answer that belong to it and not to its connection, a name and a value a line.
fn lines(headers: &HeaderMap) -> String {
    let mut lines = String::new();
    for name in KEPT_HEADERS {
        for value in headers.get_all(name).filter_map(|value| value.to_str().ok()) {
            let _infallible = writeln!(lines, "{name}: {value}");
        }
    }
    lines
}

/// Who asks, with which key, for what; `None` where no key counts: no header, no POST, or nobody we know.
fn read(request: &ServiceRequest) -> Option<(String, String, Vec<u8>)> {
    let key = request.headers().get(IDEMPOTENCY_KEY)?.to_str().ok()?.to_owned();
    if request.method() != Method::POST || !request.path().starts_with(IDEMPOTENT_ROOT) {
        return None;
    }
    let extensions = request.extensions();
    let caller = match extensions.get::<Asker>() {
        Some(asker) => asker.account()?,
        None => {
            let peer = request.conn_data::<Connection>().and_then(|connection| connection.peer);
            format!("address:{}", peer.map_or_else(String::new, |peer| peer.ip().to_string()))
        }
    };
    let body = extensions.get::<RawBody>().cloned().unwrap_or_default().0;
    let mut asked = format!("POST {}\n", request.uri()).into_bytes();
    asked.extend_from_slice(&body);
    Some((caller, key, asked))
}

async fn answer(
    app: Data<App>,
    ticket: Ticket,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, response) = next.call(request).await?.into_parts();
    let (response, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(|error| Error::from(error.into()))?;
    let kept = if response.status().is_success() {
        let headers = lines(response.headers());
        replays::finish(&app, ticket, response.status().as_u16(), &headers, &body).await
    } else {
        replays::abandon(&app, ticket).await
    };
    if let Err(error) = kept {
        tracing::error!(%error, "an answer could not be kept for its idempotency key");
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
}

fn at_key(error: app::Error) -> ApiError {
    ApiError::from(error).at(IDEMPOTENCY_KEY)
}
