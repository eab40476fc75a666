//! Signed calls (STIR/SHAKEN): which roots are trusted, and what becomes of calls that are not verified.

use super::{Operator, created, ok};
use crate::{
    error::ApiResult,
    extract::{Body, Patch},
};
use actix_web::{
    HttpResponse, delete, get, patch, post,
    web::{Data, Path},
};
use app::stir::{self, Root, StirView};
use chrono::{DateTime, Utc};
use domain::stir::Handling;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_stir).service(update_stir).service(add_stir_roots).service(delete_stir_root);
}

/// What becomes of calls from carriers whose caller is not verified.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StirSettings)]
pub(crate) struct Settings {
    /// A call whose signature is not to be believed: `pass`, `mark` (the callee's trunk is told by `verstat`), `refuse`
    /// (403, 437 or 438 as RFC 8224 §6.2.2 says) or `unwanted` (607).
    #[schema(value_type = String)]
    failed: Handling,
    /// A call that is not signed (refused with 428), or by means that are lacking here (436 or 437).
    #[schema(value_type = String)]
    missing: Handling,
}

/// A root that is trusted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StirRoot)]
pub(crate) struct RootBody {
    /// SHA-256 of the certificate, hexadecimal.
    fingerprint: String,
    subject: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

/// Signed calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stir)]
pub(crate) struct StirBody {
    #[serde(flatten)]
    settings: Settings,
    /// Whether signatures are verified: some root is trusted.
    verifies: bool,
    roots: Vec<RootBody>,
    /// The address of the certificate with which calls to carriers are signed; `null` where they are not.
    signs_as: Option<String>,
}

impl From<StirView> for StirBody {
    fn from(view: StirView) -> Self {
        Self {
            settings: Settings { failed: view.failed, missing: view.missing },
            verifies: !view.roots.is_empty(),
            roots: view.roots.into_iter().map(RootBody::from).collect(),
            signs_as: view.signs_as,
        }
    }
}

impl From<Root> for RootBody {
    fn from(root: Root) -> Self {
        Self {
            fingerprint: root.fingerprint,
            subject: root.subject,
            not_before: root.not_before,
            not_after: root.not_after,
        }
    }
}

/// Roots to trust.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StirRoots)]
pub(crate) struct NewRoots {
    /// Certificates of authorities in PEM, one after the other.
    certificates: String,
}

/// Signed calls: roots, handling, and whether this platform signs.
#[utoipa::path(tag = "operator", responses((status = 200, body = StirBody)))]
#[get("/api/v1/operator/stir")]
pub(crate) async fn get_stir(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&StirBody::from(stir::get(&app, &operator).await?))
}

/// Sets what becomes of calls that are not verified: what is left out stays.
#[utoipa::path(tag = "operator",
    request_body(content = Settings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = StirBody)))]
#[patch("/api/v1/operator/stir")]
pub(crate) async fn update_stir(
    app: Data<app::App>,
    operator: Operator,
    change: Patch<Settings>,
) -> ApiResult {
    let now = StirBody::from(stir::get(&app, &operator).await?).settings;
    let Settings { failed, missing } = change.apply(&now)?;
    ok(&StirBody::from(stir::change(&app, &operator, failed, missing).await?))
}

/// Trusts the roots of a PEM file, beside those that are trusted.
#[utoipa::path(tag = "operator", request_body = NewRoots, responses((status = 201, body = StirBody)))]
#[post("/api/v1/operator/stir/roots")]
pub(crate) async fn add_stir_roots(
    app: Data<app::App>,
    operator: Operator,
    body: Body<NewRoots>,
) -> ApiResult {
    let view = stir::add_roots(&app, &operator, &body.0.certificates).await?;
    Ok(created("/api/v1/operator/stir", &StirBody::from(view)))
}

/// Trusts a root no more. With the last one, verification ends.
#[utoipa::path(tag = "operator", responses((status = 204, description = "It is trusted no more")))]
#[delete("/api/v1/operator/stir/roots/{fingerprint}")]
pub(crate) async fn delete_stir_root(
    app: Data<app::App>,
    operator: Operator,
    fingerprint: Path<String>,
) -> ApiResult {
    stir::remove_root(&app, &operator, &fingerprint.to_ascii_lowercase()).await?;
    Ok(HttpResponse::NoContent().finish())
}
