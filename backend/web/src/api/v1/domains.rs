//! Domains: a trunk's name must lie in one that the tenant has shown to be its own.

use super::{Listing, created, ok};
use crate::{auth::Caller, error::ApiResult, extract::Body};
use actix_web::{
    HttpResponse, delete, get, patch, post,
    web::{Data, Path},
};
use app::domains::{self, DomainView};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_domains)
        .service(get_domain)
        .service(add_domain)
        .service(verify_domain)
        .service(update_domain)
        .service(delete_domain);
}

/// A domain of the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Domain {
    name: String,
    verified: bool,
    verified_at: Option<DateTime<Utc>>,
    /// Whether trunks in it are used.
    enabled: bool,
    record: Record,
}

/// The record to publish.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DomainRecord)]
pub(crate) struct Record {
    /// `TXT`.
    #[serde(rename = "type")]
    kind: String,
    name: String,
    value: String,
}

impl From<DomainView> for Domain {
    fn from(domain: DomainView) -> Self {
        let record = domain.record;
        Self {
            name: domain.name,
            verified: domain.verified,
            verified_at: domain.verified_at,
            enabled: domain.enabled,
            record: Record { kind: record.kind, name: record.name, value: record.value },
        }
    }
}

/// A domain to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDomain {
    name: String,
}

/// The tenant's domains.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Listing<Domain>)))]
#[get("/api/v1/domains")]
pub(crate) async fn list_domains(app: Data<app::App>, caller: Caller) -> ApiResult {
    let all = domains::list(&app, &caller).await?;
    ok(&Listing::<Domain>::whole(all.into_iter().map(Into::into).collect()))
}

/// A domain.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Domain)))]
#[get("/api/v1/domains/{name}")]
pub(crate) async fn get_domain(app: Data<app::App>, caller: Caller, name: Path<String>) -> ApiResult {
    ok(&Domain::from(domains::get(&app, &caller, &name).await?))
}

/// Adds a domain, and says which TXT record to publish.
#[utoipa::path(tag = "trunks", request_body = NewDomain, responses((status = 201, body = Domain)))]
#[post("/api/v1/domains")]
pub(crate) async fn add_domain(app: Data<app::App>, caller: Caller, body: Body<NewDomain>) -> ApiResult {
    let domain = domains::add(&app, &caller, &body.0.name).await?;
    Ok(created(&format!("/api/v1/domains/{}", domain.name), &Domain::from(domain)))
}

/// Looks for the TXT record, and takes the domain as the tenant's where it is there.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Domain)))]
#[post("/api/v1/domains/{name}:verify")]
pub(crate) async fn verify_domain(app: Data<app::App>, caller: Caller, name: Path<String>) -> ApiResult {
    ok(&Domain::from(domains::verify(&app, &caller, &name).await?))
}

/// What changes about a domain.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainChange {
    /// Whether trunks in it are used.
    enabled: Option<bool>,
}

/// Switches a domain on or off.
#[utoipa::path(tag = "trunks",
    request_body(content = DomainChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Domain)))]
#[patch("/api/v1/domains/{name}")]
pub(crate) async fn update_domain(
    app: Data<app::App>,
    caller: Caller,
    name: Path<String>,
    body: Body<DomainChange>,
) -> ApiResult {
    ok(&Domain::from(domains::switch(&app, &caller, &name, body.0.enabled.unwrap_or(true)).await?))
}

/// Gives a domain up; no trunk may lie in it.
#[utoipa::path(tag = "trunks", responses((status = 204)))]
#[delete("/api/v1/domains/{name}")]
pub(crate) async fn delete_domain(app: Data<app::App>, caller: Caller, name: Path<String>) -> ApiResult {
    domains::delete(&app, &caller, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}
