//! Numbers that were given back, and rest before they are sold again.

use super::{Listing, Operator, PageParams, ok};
use crate::{
    api::schema::PhoneNumberType,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, get, post, put,
    web::{Data, Path},
};
use app::inventory::{self, QuarantinePolicy, QuarantineRule, QuarantinedNumber};
use chrono::{DateTime, Utc};
use domain::{numbering::NumberType, phone::E164};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_quarantine_policy).service(put_quarantine_policy);
    routes.service(list_quarantine).service(end_quarantine).service(reassign_number);
}

/// How long numbers rest: the first rule that fits decides.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = QuarantinePolicy, example = json!({"defaultDays": 30, "rules": [{"country": "US", "type": "tollFree", "days": 45}]}))]
pub(crate) struct Policy {
    /// Days where no rule fits, 0 to 3,650; 0 is none.
    default_days: u32,
    #[serde(default)]
    rules: Vec<Rule>,
}

/// How long some numbers rest.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = QuarantineRule)]
pub(crate) struct Rule {
    /// Any where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// Any where it is left out.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PhoneNumberType>)]
    number_type: Option<NumberType>,
    days: u32,
}

impl From<QuarantinePolicy> for Policy {
    fn from(policy: QuarantinePolicy) -> Self {
        let rule = |rule: QuarantineRule| Rule {
            country: rule.country,
            number_type: rule.number_type,
            days: rule.days,
        };
        Self { default_days: policy.default_days, rules: policy.rules.into_iter().map(rule).collect() }
    }
}

impl From<Policy> for QuarantinePolicy {
    fn from(policy: Policy) -> Self {
        let rule = |rule: Rule| QuarantineRule {
            country: rule.country.map(|code| code.trim().to_ascii_uppercase()),
            number_type: rule.number_type,
            days: rule.days,
        };
        Self { default_days: policy.default_days, rules: policy.rules.into_iter().map(rule).collect() }
    }
}

/// A number that rests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuarantinedNumber)]
pub(crate) struct Resting {
    number: String,
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// Whose it was: it can have it back until then.
    last_tenant: Option<Uuid>,
    /// When it is for sale again.
    until: DateTime<Utc>,
}

impl From<QuarantinedNumber> for Resting {
    fn from(view: QuarantinedNumber) -> Self {
        Self {
            number: view.number.to_string(),
            country: view.country,
            number_type: view.number_type,
            last_tenant: view.last_tenant.map(|tenant| tenant.0),
            until: view.until,
        }
    }
}

/// How long numbers rest.
#[utoipa::path(tag = "operator", responses((status = 200, body = Policy)))]
#[get("/api/v1/operator/quarantinePolicy")]
pub(crate) async fn get_quarantine_policy(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Policy::from(inventory::quarantine_policy(&app, &operator).await?))
}

/// Says how long numbers rest that are given back from now on.
#[utoipa::path(tag = "operator", request_body = Policy, responses((status = 200, body = Policy)))]
#[put("/api/v1/operator/quarantinePolicy")]
pub(crate) async fn put_quarantine_policy(
    app: Data<app::App>,
    operator: Operator,
    body: Body<Policy>,
) -> ApiResult {
    ok(&Policy::from(inventory::put_quarantine_policy(&app, &operator, body.0.into()).await?))
}

/// The numbers that rest, by number.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<Resting>)))]
#[get("/api/v1/operator/quarantine")]
pub(crate) async fn list_quarantine(
    app: Data<app::App>,
    operator: Operator,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = inventory::quarantined(&app, &operator, &page.0.request()?).await?;
    ok(&Listing::<Resting>::of_page(found, &request))
}

fn number(path: &Path<String>) -> Result<E164, ApiError> {
    path.parse().map_err(|_| ApiError::not_found("there is no such number in quarantine"))
}

/// Puts a number up for sale before its time.
#[utoipa::path(tag = "operator", params(("e164" = String, Path)), responses((status = 204)))]
#[post("/api/v1/operator/quarantine/{e164}:end")]
pub(crate) async fn end_quarantine(app: Data<app::App>, operator: Operator, e164: Path<String>) -> ApiResult {
    inventory::end_quarantine(&app, &operator, number(&e164)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a number back to whom it was last, bound as it was. What was not paid meanwhile is charged by the next renewal.
#[utoipa::path(tag = "operator", params(("e164" = String, Path)), responses((status = 204)))]
#[post("/api/v1/operator/quarantine/{e164}:reassign")]
pub(crate) async fn reassign_number(
    app: Data<app::App>,
    operator: Operator,
    e164: Path<String>,
) -> ApiResult {
    inventory::reassign(&app, &operator, number(&e164)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
