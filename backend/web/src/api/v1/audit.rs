//! Who changed what: in the tenant, and for the operator everywhere.

#![expect(
    unused_qualifications,
    reason = "the macro of the OpenAPI document writes them for several parameters"
)]

use super::{Listing, Operator, PageParams, ok};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Params,
};
use actix_web::{
    HttpRequest, get,
    web::{Data, Path},
};
use app::{
    App,
    audit::{self, AuditFilter, AuditView},
};
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_audit).service(get_audit).service(list_operator_audit).service(get_operator_audit);
}

/// Which changes are wanted; what is left out narrows nothing.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// By whom: an e-mail address, `key:primary`, …
    actor: Option<String>,
    /// What was done: `trunk.update`, or only the noun, `trunk`.
    what: Option<String>,
    /// To what: a trunk's name, a number, …
    target: Option<String>,
    /// At this time or later.
    since: Option<DateTime<Utc>>,
    /// Before this time.
    until: Option<DateTime<Utc>>,
    /// In one tenant; for the operator.
    tenant: Option<Uuid>,
}

impl From<AuditParams> for AuditFilter {
    fn from(params: AuditParams) -> Self {
        Self {
            tenant: params.tenant.map(TenantId),
            actor: params.actor,
            what: params.what,
            target: params.target,
            since: params.since,
            until: params.until,
        }
    }
}

/// A change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub(crate) struct Entry {
    id: Uuid,
    at: DateTime<Utc>,
    /// In which tenant; none where it is the platform's.
    tenant: Option<Uuid>,
    /// Who.
    actor: String,
    /// What was done: `trunk.update`.
    what: String,
    /// To what.
    target: String,
    /// How it was; null where it was not there, or is a secret.
    before: Option<Value>,
    /// How it is; null where it is gone, or is a secret.
    after: Option<Value>,
}

impl From<AuditView> for Entry {
    fn from(view: AuditView) -> Self {
        Self {
            id: view.id,
            at: view.at,
            tenant: view.tenant.map(|tenant| tenant.0),
            actor: view.actor,
            what: view.what,
            target: view.target,
            before: view.before,
            after: view.after,
        }
    }
}

/// The changes in the tenant, newest first.
#[utoipa::path(tag = "audit", params(AuditParams, PageParams), responses((status = 200, body = Listing<Entry>)))]
#[get("/api/v1/audit")]
pub(crate) async fn list_audit(
    app: Data<App>,
    caller: Caller,
    filter: Params<AuditParams>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = audit::list(&app, &caller, &filter.0.into(), &page.0.request()?).await?;
    ok(&Listing::<Entry>::of_page(found, &request))
}

/// A change in the tenant.
#[utoipa::path(tag = "audit", responses((status = 200, body = Entry)))]
#[get("/api/v1/audit/{id}")]
pub(crate) async fn get_audit(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Entry::from(audit::get(&app, &caller, change_id(&id)?).await?))
}

/// The changes of all tenants and of the platform, newest first.
#[utoipa::path(tag = "operator", params(AuditParams, PageParams), responses((status = 200, body = Listing<Entry>)))]
#[get("/api/v1/operator/audit")]
pub(crate) async fn list_operator_audit(
    app: Data<App>,
    operator: Operator,
    filter: Params<AuditParams>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = audit::list(&app, &operator, &filter.0.into(), &page.0.request()?).await?;
    ok(&Listing::<Entry>::of_page(found, &request))
}

/// A change of any tenant or of the platform.
#[utoipa::path(tag = "operator", responses((status = 200, body = Entry)))]
#[get("/api/v1/operator/audit/{id}")]
pub(crate) async fn get_operator_audit(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Entry::from(audit::get(&app, &operator, change_id(&id)?).await?))
}

fn change_id(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no change {text:?}")).at("id"))
}
