//! The operator settles what tenants bring, and what other providers ask for.

use super::{
    OfState, PageParams, PortIn, PortInWhole, PortOut, PortOutWhole, Why, parse, read, tenant::number,
};
use crate::{
    api::{
        schema::Amount,
        v1::{Listing, Operator, created, ok},
    },
    error::ApiResult,
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{Data, Path},
};
use app::{
    App,
    porting::{self, Acceptance, NewPortOut},
};
use chrono::NaiveDate;
use domain::{money::Money, porting::Direction};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_port_ins).service(get_port_in).service(get_document);
    routes.service(accept_port_in).service(reject_port_in).service(complete_port_in).service(cancel_port_in);
    routes.service(list_port_outs).service(record_port_out).service(get_port_out);
    routes.service(schedule_port_out).service(reject_port_out).service(complete_port_out);
    routes.service(cancel_port_out);
}

/// Requests of all tenants to bring numbers, youngest first, without drafts.
#[utoipa::path(tag = "operator", params(OfState, PageParams), responses((status = 200, body = Listing<PortIn>)),
    operation_id = "list_operator_port_ins")]
#[get("/api/v1/operator/portIns")]
pub(crate) async fn list_port_ins(
    app: Data<App>,
    operator: Operator,
    of: Params<OfState>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = of.0.filter(Direction::In)?;
    let found = porting::list_as_operator(&app, &operator, filter, &page.0.request()?).await?;
    ok(&Listing::<PortIn>::of_page(found, &request))
}

/// A request to bring numbers, with the code, papers and steps.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)),
    operation_id = "get_operator_port_in")]
#[get("/api/v1/operator/portIns/{id}")]
pub(crate) async fn get_port_in(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    whole_in(&app, &operator, &id).await
}

async fn whole_in(app: &App, operator: &Operator, id: &Path<String>) -> ApiResult {
    let whole = porting::get_as_operator(app, operator, Direction::In, read(id)?).await?;
    ok(&PortInWhole::of(whole, PortIn::for_operator))
}

/// A paper of a request.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("document" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)),
    operation_id = "get_operator_port_in_document")]
#[get("/api/v1/operator/portIns/{id}/documents/{document}")]
pub(crate) async fn get_document(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let found = porting::document(&app, &operator, parse(&path.0)?, parse(&path.1)?).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

/// A number that does not come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectedNumber {
    /// A number of the request.
    number: String,
    /// The tenant reads it.
    reason: String,
}

/// What the losing provider agreed to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"firmOn": "2026-12-14", "carrier": "Main", "monthly": {"amountMicros": 1000000, "currency": "USD"},
    "rejected": [{"number": "+12065551202", "reason": "it is not with that provider"}]}))]
pub(crate) struct PortInAcceptance {
    /// The day on which the numbers move.
    firm_on: NaiveDate,
    /// The carrier that will bring calls to them, by name or id.
    carrier: String,
    /// What a month of each number will cost the tenant; left out, what such numbers cost here.
    #[schema(value_type = Option<Amount>)]
    monthly: Option<Money>,
    /// What bringing each number will cost it once; left out, nothing.
    #[schema(value_type = Option<Amount>)]
    setup: Option<Money>,
    /// Numbers that do not come; all others do.
    #[serde(default)]
    rejected: Vec<RejectedNumber>,
}

fn pairs(numbers: Vec<RejectedNumber>) -> Vec<(String, String)> {
    numbers.into_iter().map(|one| (one.number, one.reason)).collect()
}

/// Accepts a request with a firm date and a price; asked again, with another one.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = PortInAcceptance,
    responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/operator/portIns/{id}:accept")]
pub(crate) async fn accept_port_in(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<PortInAcceptance>,
) -> ApiResult {
    let PortInAcceptance { firm_on, carrier, monthly, setup, rejected } = body.0;
    let said = Acceptance { firm_on, carrier, monthly, setup, rejected: pairs(rejected) };
    porting::accept(&app, &operator, read(&id)?, said).await?;
    whole_in(&app, &operator, &id).await
}

/// Why a request is rejected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the account number is not known there"}))]
pub(crate) struct PortInRejection {
    /// The tenant reads it.
    reason: String,
    /// Numbers with a reason of their own.
    #[serde(default)]
    numbers: Vec<RejectedNumber>,
}

/// Rejects a request; the tenant can mend it and send it again.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = PortInRejection,
    responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/operator/portIns/{id}:reject")]
pub(crate) async fn reject_port_in(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<PortInRejection>,
) -> ApiResult {
    porting::reject_in(&app, &operator, read(&id)?, &body.0.reason, &pairs(body.0.numbers)).await?;
    whole_in(&app, &operator, &id).await
}

/// Says that the numbers have moved: they are the tenant's, and its first month is debited, from the firm date on.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/operator/portIns/{id}:complete")]
pub(crate) async fn complete_port_in(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    porting::complete_in(&app, &operator, read(&id)?).await?;
    whole_in(&app, &operator, &id).await
}

/// Gives a request up.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = Why,
    responses((status = 200, body = PortInWhole)), operation_id = "cancel_operator_port_in")]
#[post("/api/v1/operator/portIns/{id}:cancel")]
pub(crate) async fn cancel_port_in(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<Why>,
) -> ApiResult {
    porting::cancel_in(&app, &operator, read(&id)?, &body.0.reason).await?;
    whole_in(&app, &operator, &id).await
}

/// Requests to take numbers away from tenants, youngest first.
#[utoipa::path(tag = "operator", params(OfState, PageParams), responses((status = 200, body = Listing<PortOut>)),
    operation_id = "list_operator_port_outs")]
#[get("/api/v1/operator/portOuts")]
pub(crate) async fn list_port_outs(
    app: Data<App>,
    operator: Operator,
    of: Params<OfState>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = of.0.filter(Direction::Out)?;
    let found = porting::list_as_operator(&app, &operator, filter, &page.0.request()?).await?;
    ok(&Listing::<PortOut>::of_page(found, &request))
}

/// What another provider asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"number": "+12065551201", "provider": "New Telco", "reference": "NT-1", "pin": "493817"}))]
pub(crate) struct NewPortOutRequest {
    /// A number that a tenant owns.
    number: String,
    /// Who asks.
    provider: String,
    /// What that provider calls its request.
    #[serde(default)]
    reference: String,
    /// The code of the number, where its tenant has set one.
    pin: Option<String>,
    wanted_on: Option<NaiveDate>,
    /// Days that the tenant has to answer: 3 where it is left out, 30 at most.
    answer_days: Option<u32>,
}

/// Writes down that another provider asks for a number; its tenant is asked. A number that is locked is refused, and a wrong
/// code (409).
#[utoipa::path(tag = "operator", request_body = NewPortOutRequest, responses((status = 201, body = PortOutWhole)))]
#[post("/api/v1/operator/portOuts")]
pub(crate) async fn record_port_out(
    app: Data<App>,
    operator: Operator,
    body: Body<NewPortOutRequest>,
) -> ApiResult {
    let NewPortOutRequest { number: text, provider, reference, pin, wanted_on, answer_days } = body.0;
    let new = NewPortOut { number: number(&text)?, provider, reference, pin, wanted_on, answer_days };
    let id = porting::record(&app, &operator, new).await?;
    let whole = porting::get_as_operator(&app, &operator, Direction::Out, id).await?;
    Ok(created(&format!("/api/v1/operator/portOuts/{id}"), &PortOutWhole::from(whole)))
}

/// A request to take a number away, with its steps.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = PortOutWhole)),
    operation_id = "get_operator_port_out")]
#[get("/api/v1/operator/portOuts/{id}")]
pub(crate) async fn get_port_out(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    whole_out(&app, &operator, &id).await
}

async fn whole_out(app: &App, operator: &Operator, id: &Path<String>) -> ApiResult {
    let whole = porting::get_as_operator(app, operator, Direction::Out, read(id)?).await?;
    ok(&PortOutWhole::from(whole))
}

/// When a number leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"firmOn": "2026-12-14"}))]
pub(crate) struct PortOutSchedule {
    firm_on: NaiveDate,
}

/// Says on which day a number leaves: once its tenant confirmed it, or its time to answer is over.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = PortOutSchedule,
    responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/operator/portOuts/{id}:schedule")]
pub(crate) async fn schedule_port_out(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<PortOutSchedule>,
) -> ApiResult {
    porting::schedule(&app, &operator, read(&id)?, body.0.firm_on).await?;
    whole_out(&app, &operator, &id).await
}

/// Says no to the other provider.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = Why,
    responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/operator/portOuts/{id}:reject")]
pub(crate) async fn reject_port_out(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<Why>,
) -> ApiResult {
    porting::reject_out(&app, &operator, read(&id)?, &body.0.reason).await?;
    whole_out(&app, &operator, &id).await
}

/// Says that the number has left: its lease ends without a refund, from the firm date on.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/operator/portOuts/{id}:complete")]
pub(crate) async fn complete_port_out(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    porting::complete_out(&app, &operator, read(&id)?).await?;
    whole_out(&app, &operator, &id).await
}

/// Gives a request up: the other provider does not ask any more.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), request_body = Why,
    responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/operator/portOuts/{id}:cancel")]
pub(crate) async fn cancel_port_out(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<Why>,
) -> ApiResult {
    porting::cancel_out(&app, &operator, read(&id)?, &body.0.reason).await?;
    whole_out(&app, &operator, &id).await
}
