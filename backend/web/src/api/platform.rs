//! Health, metrics and the document: for those who run and those who integrate the platform.

use super::meters;
use crate::{door::Door, tls::Certificates};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::ContentType,
    web::{Data, Path},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_health).service(get_readiness).service(get_metrics).service(get_jwks);
}

/// How the platform is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeState {
    /// `ok`, or why not.
    status: &'static str,
}

/// Whether the process lives.
#[utoipa::path(tag = "platform", security(()), responses((status = 200, body = NodeState)))]
#[get("/healthz")]
pub(crate) async fn get_health() -> HttpResponse {
    HttpResponse::Ok().json(NodeState { status: "ok" })
}

/// Whether everything serves: 200 then; 503 before, while it stops, and while an operator drains the node.
#[utoipa::path(tag = "platform", security(()), responses((status = 200, body = NodeState), (status = 503, body = NodeState)))]
#[get("/readyz")]
pub(crate) async fn get_readiness(door: Data<Door>, app: Data<app::App>) -> HttpResponse {
    let wait = |status| {
        HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "1")).json(NodeState { status })
    };
    if !(door.ready)() {
        return wait("starting or stopping");
    }
    if app::node::is_draining(&app) {
        return wait("draining");
    }
    match app.ready().await {
        Ok(()) => HttpResponse::Ok().json(NodeState { status: "ok" }),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            wait("the database does not answer")
        }
    }
}

/// Counters and gauges in Prometheus' text format.
#[utoipa::path(tag = "platform", security(()), responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub(crate) async fn get_metrics(door: Data<Door>, app: Data<app::App>, request: HttpRequest) -> HttpResponse {
    let mut text = (door.metrics)() + &door.answers.text();
    if meters::is_local(&request) {
        text += &meters::text(&app::calls::meters(&app));
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

/// The public keys under which tokens of apps' users are signed (RFC 7517).
#[utoipa::path(tag = "platform", security(()), responses((status = 200, body = Object)))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn get_jwks(app: Data<app::App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .json(app::identities::jwks(&app))
}

/// What a public authority of certificates looks for (RFC 8555 §8.3). It is for no client, so it is in no document.
#[get("/.well-known/acme-challenge/{token}")]
pub(crate) async fn get_proof(certificates: Data<Certificates>, token: Path<String>) -> HttpResponse {
    match certificates.proof_file(&token) {
        Some(file) => HttpResponse::Ok().content_type("application/octet-stream").body(file),
        None => HttpResponse::NotFound().finish(),
    }
}

/// The OpenAPI document. It stands beside what it describes.
#[get("/openapi.json")]
pub(crate) async fn get_openapi(door: Data<Door>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(door.openapi.to_string())
}
