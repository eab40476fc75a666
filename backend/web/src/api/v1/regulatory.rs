//! What regulators want of whoever buys a number.

use super::{Listing, Operator, created, ok};
use crate::{
    api::schema::PhoneNumberType,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::regulatory::{
    self, Document, EvidenceState, EvidenceView, NewRequirement, RequirementKind, RequirementRule,
    RequirementView,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::numbering::NumberType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_requirements).service(show_evidence);
    routes.service(list_rules).service(create_rule).service(delete_rule);
    routes.service(list_evidence).service(get_document).service(approve_evidence).service(reject_evidence);
}

/// What is wanted of the buyer of a kind of number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegulatoryRequirement {
    id: Uuid,
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// `address`, `identity` or `business`.
    #[schema(value_type = String)]
    kind: RequirementKind,
    description: String,
    /// Whether a document must come with it.
    needs_document: bool,
    /// How far the tenant is: `missing`, `submitted`, `approved` or `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    state: Option<EvidenceState>,
    /// Why what was shown was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<RequirementRule> for RegulatoryRequirement {
    fn from(rule: RequirementRule) -> Self {
        Self {
            id: rule.id,
            country: rule.country,
            number_type: rule.number_type,
            kind: rule.kind,
            description: rule.description,
            needs_document: rule.needs_document,
            state: None,
            reason: None,
        }
    }
}

impl From<RequirementView> for RegulatoryRequirement {
    fn from(view: RequirementView) -> Self {
        Self { state: Some(view.state), reason: view.reason, ..Self::from(view.rule) }
    }
}

/// Which requirements.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfCountry {
    /// ISO 3166-1 alpha-2; all where it is left out.
    country: Option<String>,
}

/// What is shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"statement": "Acme AB, Kungsgatan 1, 111 43 Stockholm"}))]
pub(crate) struct RegulatoryEvidenceRequest {
    /// What is asked for, in words.
    statement: String,
    /// A PDF, PNG or JPEG of 700 KiB at most.
    document: Option<DocumentBody>,
}

/// A document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RegulatoryDocument)]
pub(crate) struct DocumentBody {
    /// `application/pdf`, `image/png` or `image/jpeg`.
    content_type: String,
    /// Its bytes in base64.
    content: String,
}

/// What is wanted before numbers are bought, and how far the tenant is with it.
#[utoipa::path(tag = "numbers", params(OfCountry), responses((status = 200, body = Listing<RegulatoryRequirement>)))]
#[get("/api/v1/regulatoryRequirements")]
pub(crate) async fn list_requirements(
    app: Data<app::App>,
    caller: Caller,
    of: Params<OfCountry>,
) -> ApiResult {
    let found = regulatory::requirements(&app, &caller, of.0.country.as_deref()).await?;
    ok(&Listing::whole(found.into_iter().map(RegulatoryRequirement::from).collect()))
}

/// Shows what a requirement wants; the operator judges it.
#[utoipa::path(tag = "numbers", params(("id" = Uuid, Path)), request_body = RegulatoryEvidenceRequest,
    responses((status = 204)))]
#[post("/api/v1/regulatoryRequirements/{id}:show")]
pub(crate) async fn show_evidence(
    app: Data<app::App>,
    caller: Caller,
    id: Path<String>,
    body: Body<RegulatoryEvidenceRequest>,
) -> ApiResult {
    let document = body.0.document.map(|document| {
        let bytes = STANDARD.decode(document.content.as_bytes());
        let bytes =
            bytes.map_err(|_| ApiError::invalid("document.content", "give the document in base64"))?;
        Ok::<_, ApiError>(Document { content_type: document.content_type, bytes })
    });
    regulatory::show(&app, &caller, read(&id)?, &body.0.statement, document.transpose()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A requirement to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"country": "SE", "type": "geographic", "kind": "address", "description": "an address in the area of the number"}))]
pub(crate) struct RegulatoryRule {
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// `address`, `identity` or `business`.
    #[schema(value_type = String)]
    kind: RequirementKind,
    /// What the tenant is to show.
    description: String,
    #[serde(default)]
    needs_document: bool,
}

/// The requirements, by country and type.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<RegulatoryRequirement>)))]
#[get("/api/v1/operator/regulatoryRequirements")]
pub(crate) async fn list_rules(app: Data<app::App>, operator: Operator) -> ApiResult {
    let found = regulatory::rules(&app, &operator).await?;
    ok(&Listing::whole(found.into_iter().map(RegulatoryRequirement::from).collect()))
}

/// Makes a requirement: numbers of the kind are sold to those alone who meet it.
#[utoipa::path(tag = "operator", request_body = RegulatoryRule, responses((status = 201, body = RegulatoryRequirement)))]
#[post("/api/v1/operator/regulatoryRequirements")]
pub(crate) async fn create_rule(
    app: Data<app::App>,
    operator: Operator,
    body: Body<RegulatoryRule>,
) -> ApiResult {
    let new = NewRequirement {
        country: body.0.country,
        number_type: body.0.number_type,
        kind: body.0.kind,
        description: body.0.description,
        needs_document: body.0.needs_document,
    };
    let made = regulatory::add_rule(&app, &operator, new).await?;
    Ok(created("/api/v1/operator/regulatoryRequirements", &RegulatoryRequirement::from(made)))
}

/// Takes a requirement away, with what tenants showed for it.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 204)))]
#[delete("/api/v1/operator/regulatoryRequirements/{id}")]
pub(crate) async fn delete_rule(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    regulatory::drop_rule(&app, &operator, read(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Something that a tenant showed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegulatoryEvidence {
    id: Uuid,
    tenant: Uuid,
    requirement: RegulatoryRequirement,
    /// `submitted`, `approved` or `rejected`.
    #[schema(value_type = String)]
    state: EvidenceState,
    statement: String,
    /// What its document is, where there is one.
    content_type: Option<String>,
    reason: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<EvidenceView> for RegulatoryEvidence {
    fn from(view: EvidenceView) -> Self {
        Self {
            id: view.id,
            tenant: view.tenant.0,
            requirement: view.rule.into(),
            state: view.state,
            statement: view.statement,
            content_type: view.content_type,
            reason: view.reason,
            created_at: view.created_at,
        }
    }
}

/// The last 200 things that tenants showed, youngest first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<RegulatoryEvidence>)))]
#[get("/api/v1/operator/regulatoryEvidence")]
pub(crate) async fn list_evidence(app: Data<app::App>, operator: Operator) -> ApiResult {
    let found = regulatory::evidence(&app, &operator, false).await?;
    ok(&Listing::whole(found.into_iter().map(RegulatoryEvidence::from).collect()))
}

/// A document that a tenant showed.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
#[get("/api/v1/operator/regulatoryEvidence/{id}/document")]
pub(crate) async fn get_document(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    let found = regulatory::document(&app, &operator, read(&id)?).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

/// Says that what was shown will do.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 204)))]
#[post("/api/v1/operator/regulatoryEvidence/{id}:approve")]
pub(crate) async fn approve_evidence(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    regulatory::judge(&app, &operator, read(&id)?, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Why something will not do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegulatoryRejection)]
pub(crate) struct Rejection {
    /// The tenant reads it.
    reason: String,
}

/// Says that what was shown will not do, and why.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = Rejection, responses((status = 204)))]
#[post("/api/v1/operator/regulatoryEvidence/{id}:reject")]
pub(crate) async fn reject_evidence(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    body: Body<Rejection>,
) -> ApiResult {
    regulatory::judge(&app, &operator, read(&id)?, Some(&body.0.reason)).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn read(id: &Path<String>) -> Result<Uuid, ApiError> {
    id.parse().map_err(|_| ApiError::not_found("there is no such requirement or document"))
}
