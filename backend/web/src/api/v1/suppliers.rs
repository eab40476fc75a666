//! The operator's suppliers of numbers from outside, and what was asked of them.

use super::{Listing, Operator, created, ok};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Patch},
};
use actix_web::{
    get, patch, post,
    web::{Data, Path},
};
use app::suppliers::{self, StepView, SupplierEdit, SupplierView, TIMEOUT_MS_DEFAULT};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_suppliers)
        .service(create_supplier)
        .service(get_supplier)
        .service(update_supplier)
        .service(list_steps);
}

/// What is said of a supplier.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Numbers Inc", "url": "https://numbers.example.com/v1", "countries": ["SE"],
    "carrier": "sandbox", "marginBasisPoints": 2000}))]
pub(crate) struct SupplierSettings {
    name: String,
    /// The address before `/search`, `/holds`, `/orders` and `/releases`.
    url: String,
    /// The secret under which requests are signed, 16 to 256 characters; one is made where there is none. Never answered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Countries whose numbers it sells; empty is all.
    #[serde(default)]
    countries: Vec<String>,
    /// The carrier over which calls to its numbers come, by name or identifier.
    carrier: String,
    /// What a tenant pays beyond its price, ten-thousandths of it.
    #[serde(default)]
    margin_basis_points: u32,
    /// How long an answer may take, 100 to 20,000 ms.
    #[serde(default = "timeout")]
    timeout_ms: u32,
    #[serde(default = "yes")]
    enabled: bool,
}

const fn timeout() -> u32 {
    TIMEOUT_MS_DEFAULT
}

const fn yes() -> bool {
    true
}

/// A supplier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Supplier {
    id: Uuid,
    name: String,
    url: String,
    countries: Vec<String>,
    carrier: Uuid,
    margin_basis_points: u32,
    timeout_ms: u32,
    enabled: bool,
    created_at: DateTime<Utc>,
    /// When it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<SupplierView> for Supplier {
    fn from(view: SupplierView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            url: view.url,
            countries: view.countries,
            carrier: view.carrier.0,
            margin_basis_points: view.margin_basis_points,
            timeout_ms: view.timeout_ms,
            enabled: view.enabled,
            created_at: view.created_at,
            secret: None,
        }
    }
}

impl From<SupplierView> for SupplierSettings {
    fn from(view: SupplierView) -> Self {
        Self {
            name: view.name,
            url: view.url,
            secret: None,
            countries: view.countries,
            carrier: view.carrier.to_string(),
            margin_basis_points: view.margin_basis_points,
            timeout_ms: view.timeout_ms,
            enabled: view.enabled,
        }
    }
}

impl From<SupplierSettings> for SupplierEdit {
    fn from(settings: SupplierSettings) -> Self {
        Self {
            name: settings.name,
            url: settings.url,
            secret: settings.secret,
            countries: settings.countries,
            carrier: settings.carrier,
            margin_basis_points: settings.margin_basis_points,
            timeout_ms: settings.timeout_ms,
            enabled: settings.enabled,
        }
    }
}

/// What was asked of a supplier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SupplierOrder {
    /// The reference that the supplier knows.
    id: Uuid,
    supplier: String,
    /// The search.
    reference: Uuid,
    numbers: Vec<String>,
    /// `holding`, `held`, `buying`, `bought`, `releasing` or `released`.
    state: String,
    attempts: u32,
    last_error: Option<String>,
    updated_at: DateTime<Utc>,
}

impl From<StepView> for SupplierOrder {
    fn from(view: StepView) -> Self {
        Self {
            id: view.id,
            supplier: view.supplier,
            reference: view.reference,
            numbers: view.numbers,
            state: view.state,
            attempts: view.attempts,
            last_error: view.last_error,
            updated_at: view.updated_at,
        }
    }
}

/// The suppliers from outside, by name.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Supplier>)))]
#[get("/api/v1/operator/suppliers")]
pub(crate) async fn list_suppliers(app: Data<app::App>, operator: Operator) -> ApiResult {
    let found = suppliers::list(&app, &operator).await?.into_iter().map(Supplier::from).collect();
    ok(&Listing::whole(found))
}

/// Has numbers of a supplier sold, beside the platform's own.
#[utoipa::path(tag = "operator", request_body = SupplierSettings, responses((status = 201, body = Supplier)))]
#[post("/api/v1/operator/suppliers")]
pub(crate) async fn create_supplier(
    app: Data<app::App>,
    operator: Operator,
    body: Body<SupplierSettings>,
) -> ApiResult {
    let (view, secret) = suppliers::create(&app, &operator, body.0.into()).await?;
    let made = Supplier { secret: Some(secret), ..Supplier::from(view) };
    Ok(created(&format!("/api/v1/operator/suppliers/{}", made.id), &made))
}

/// A supplier.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = Supplier)))]
#[get("/api/v1/operator/suppliers/{id}")]
pub(crate) async fn get_supplier(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Supplier::from(suppliers::get(&app, &operator, identifier(&id)?).await?))
}

/// Changes a supplier; with a secret, from now on that one signs.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)),
    request_body(content = SupplierSettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Supplier)))]
#[patch("/api/v1/operator/suppliers/{id}")]
pub(crate) async fn update_supplier(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    patch: Patch<SupplierSettings>,
) -> ApiResult {
    let id = identifier(&id)?;
    let now = SupplierSettings::from(suppliers::get(&app, &operator, id).await?);
    let view = suppliers::change(&app, &operator, id, patch.apply(&now)?.into()).await?;
    ok(&Supplier::from(view))
}

fn identifier(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found("there is no such supplier"))
}

/// The last 50 things that were asked of suppliers, youngest first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<SupplierOrder>)))]
#[get("/api/v1/operator/supplierOrders")]
pub(crate) async fn list_steps(app: Data<app::App>, operator: Operator) -> ApiResult {
    let found = suppliers::steps(&app, &operator).await?.into_iter().map(SupplierOrder::from).collect();
    ok(&Listing::whole(found))
}
