//! A tenant brings numbers, and says what becomes of its own when others ask for them.

use super::{
    Address, Document, OfState, PageParams, PortIn, PortInWhole, PortOut, PortOutWhole, Why, parse, read,
};
use crate::{
    api::{
        schema::PhoneNumberType,
        v1::{Listing, created, ok},
    },
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params, Patch},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, patch, post,
    web::{Data, Path},
};
use app::{
    App,
    porting::{self, Details, DocumentKind, Draft, GuardEdit, GuardView, NewPortOut},
    regulatory,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::NaiveDate;
use domain::{numbering::NumberType, phone::E164, porting::Direction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Where requests to bring numbers are.
const PORT_INS: &str = "/api/v1/portIns";

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_port_ins).service(create_port_in).service(get_port_in).service(update_port_in);
    routes.service(submit_port_in).service(revise_port_in).service(cancel_port_in);
    routes.service(add_port_in_document).service(get_port_in_document).service(delete_port_in_document);
    routes.service(list_port_outs).service(create_port_out).service(get_port_out);
    routes.service(confirm_port_out).service(object_port_out);
    routes.service(get_port_out_guard).service(update_port_out_guard);
}

/// What a tenant says of the numbers that it wants to bring. What it does not know yet is left out until it is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"country": "US", "type": "geographic", "numbers": ["+12065551201"], "provider": "Old Telco",
    "accountNumber": "4711", "authorisedName": "Ada Owner", "wantedOn": "2026-12-14",
    "address": {"lines": ["1 Main Street"], "locality": "Seattle", "region": "WA", "postalCode": "98101"}}))]
pub(crate) struct PortInDraft {
    /// The country of the numbers (ISO 3166-1 alpha-2).
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// 1 to 100 numbers of that country, each with its `+`.
    numbers: Vec<String>,
    /// Who provides them now.
    #[serde(default)]
    provider: String,
    /// The customer's number there.
    #[serde(default)]
    account_number: String,
    /// The code that the other provider wants, where it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    /// Who may sign for the numbers there.
    #[serde(default)]
    authorised_name: String,
    /// Where the bills go.
    #[serde(default)]
    address: Address,
    /// A working day, tomorrow at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wanted_on: Option<NaiveDate>,
}

impl From<PortInDraft> for Draft {
    fn from(body: PortInDraft) -> Self {
        Self {
            country: body.country,
            number_type: body.number_type,
            numbers: body.numbers,
            provider: body.provider,
            wanted_on: body.wanted_on,
            details: Details {
                account_number: body.account_number,
                pin: body.pin,
                authorised_name: body.authorised_name,
                address: body.address.into(),
                reference: String::new(),
            },
        }
    }
}

impl From<Draft> for PortInDraft {
    fn from(draft: Draft) -> Self {
        Self {
            country: draft.country,
            number_type: draft.number_type,
            numbers: draft.numbers,
            provider: draft.provider,
            account_number: draft.details.account_number,
            pin: draft.details.pin,
            authorised_name: draft.details.authorised_name,
            address: draft.details.address.into(),
            wanted_on: draft.wanted_on,
        }
    }
}

/// The tenant's requests to bring numbers, youngest first.
#[utoipa::path(tag = "porting", params(OfState, PageParams), responses((status = 200, body = Listing<PortIn>)))]
#[get("/api/v1/portIns")]
pub(crate) async fn list_port_ins(
    app: Data<App>,
    caller: Caller,
    of: Params<OfState>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = of.0.filter(Direction::In)?;
    let found = porting::list(&app, &caller, filter, &page.0.request()?).await?;
    ok(&Listing::<PortIn>::of_page(found, &request))
}

/// Makes a draft of a request to bring numbers. Nobody else sees it until it is sent.
#[utoipa::path(tag = "porting", request_body = PortInDraft, responses((status = 201, body = PortInWhole)))]
#[post("/api/v1/portIns")]
pub(crate) async fn create_port_in(app: Data<App>, caller: Caller, body: Body<PortInDraft>) -> ApiResult {
    let made = porting::create(&app, &caller, body.0.into()).await?;
    let whole = porting::get(&app, &caller, Direction::In, made.id).await?;
    Ok(created(&format!("{PORT_INS}/{}", made.id), &PortInWhole::of(whole, PortIn::from)))
}

/// A request to bring numbers, with its papers and steps.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)))]
#[get("/api/v1/portIns/{id}")]
pub(crate) async fn get_port_in(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    let whole = porting::get(&app, &caller, Direction::In, read(&id)?).await?;
    ok(&PortInWhole::of(whole, PortIn::from))
}

/// Changes a draft; what is left out stays, and null takes away.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)),
    request_body(content = PortInDraft, content_type = "application/merge-patch+json"),
    responses((status = 200, body = PortInWhole)))]
#[patch("/api/v1/portIns/{id}")]
pub(crate) async fn update_port_in(
    app: Data<App>,
    caller: Caller,
    id: Path<String>,
    patch: Patch<PortInDraft>,
) -> ApiResult {
    let id = read(&id)?;
    let change = |draft: Draft| patch.apply(&PortInDraft::from(draft)).map(Draft::from);
    porting::edit(&app, &caller, id, change).await?;
    let whole = porting::get(&app, &caller, Direction::In, id).await?;
    ok(&PortInWhole::of(whole, PortIn::from))
}

/// Sends a draft to the operator. A number that is here already, or in another request, is refused (409).
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/portIns/{id}:submit")]
pub(crate) async fn submit_port_in(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    porting::submit(&app, &caller, read(&id)?).await?;
    get_whole_in(&app, &caller, &id).await
}

/// Makes a draft again of a request that was rejected.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/portIns/{id}:revise")]
pub(crate) async fn revise_port_in(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    porting::revise(&app, &caller, read(&id)?).await?;
    get_whole_in(&app, &caller, &id).await
}

/// Gives a request up; one that is accepted, before its firm date.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortInWhole)))]
#[post("/api/v1/portIns/{id}:cancel")]
pub(crate) async fn cancel_port_in(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    porting::withdraw(&app, &caller, read(&id)?).await?;
    get_whole_in(&app, &caller, &id).await
}

async fn get_whole_in(app: &App, caller: &Caller, id: &Path<String>) -> ApiResult {
    let whole = porting::get(app, caller, Direction::In, read(id)?).await?;
    ok(&PortInWhole::of(whole, PortIn::from))
}

/// A paper to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"kind": "bill", "contentType": "application/pdf", "content": "JVBERi0xLjcK"}))]
pub(crate) struct NewPortingDocument {
    /// `letterOfAuthority`, `bill` or `other`.
    #[schema(value_type = String)]
    kind: DocumentKind,
    /// `application/pdf`, `image/png` or `image/jpeg`.
    content_type: String,
    /// Its bytes in base64; 700 KiB at most before that.
    content: String,
}

/// Adds a paper to a draft, ten at most. It is kept encrypted; the tenant and the operator alone read it.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), request_body = NewPortingDocument,
    responses((status = 201, body = Document)))]
#[post("/api/v1/portIns/{id}/documents")]
pub(crate) async fn add_port_in_document(
    app: Data<App>,
    caller: Caller,
    id: Path<String>,
    body: Body<NewPortingDocument>,
) -> ApiResult {
    let bytes = STANDARD.decode(body.0.content.as_bytes());
    let bytes = bytes.map_err(|_| ApiError::invalid("content", "content: give the document in base64"))?;
    let document = regulatory::Document { content_type: body.0.content_type, bytes };
    let id = read(&id)?;
    let made = porting::add_document(&app, &caller, id, body.0.kind, document).await?;
    Ok(created(&format!("{PORT_INS}/{id}/documents/{}", made.id), &Document::from(made)))
}

/// A paper.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path), ("document" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
#[get("/api/v1/portIns/{id}/documents/{document}")]
pub(crate) async fn get_port_in_document(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> ApiResult {
    let (id, document) = (parse(&path.0)?, parse(&path.1)?);
    let found = porting::document(&app, &caller, id, document).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

/// Takes a paper away from a draft.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path), ("document" = Uuid, Path)),
    responses((status = 204)))]
#[delete("/api/v1/portIns/{id}/documents/{document}")]
pub(crate) async fn delete_port_in_document(
    app: Data<App>,
    caller: Caller,
    path: Path<(String, String)>,
) -> ApiResult {
    porting::drop_document(&app, &caller, parse(&path.0)?, parse(&path.1)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Requests to take the tenant's numbers away, youngest first.
#[utoipa::path(tag = "porting", params(OfState, PageParams), responses((status = 200, body = Listing<PortOut>)))]
#[get("/api/v1/portOuts")]
pub(crate) async fn list_port_outs(
    app: Data<App>,
    caller: Caller,
    of: Params<OfState>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = of.0.filter(Direction::Out)?;
    let found = porting::list(&app, &caller, filter, &page.0.request()?).await?;
    ok(&Listing::<PortOut>::of_page(found, &request))
}

/// A number to take elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"number": "+12065551201", "provider": "New Telco"}))]
pub(crate) struct NewPortOutOfOwn {
    /// An owned number.
    number: String,
    /// Where it goes.
    provider: String,
    #[serde(default)]
    reference: String,
    wanted_on: Option<NaiveDate>,
}

/// Asks that one of the tenant's numbers goes to another provider. A number that is locked does not (409).
#[utoipa::path(tag = "porting", request_body = NewPortOutOfOwn, responses((status = 201, body = PortOutWhole)))]
#[post("/api/v1/portOuts")]
pub(crate) async fn create_port_out(
    app: Data<App>,
    caller: Caller,
    body: Body<NewPortOutOfOwn>,
) -> ApiResult {
    let new = NewPortOut {
        number: number(&body.0.number)?,
        provider: body.0.provider,
        reference: body.0.reference,
        pin: None,
        wanted_on: body.0.wanted_on,
        answer_days: None,
    };
    let id = porting::ask_in_own_name(&app, &caller, new).await?;
    let whole = porting::get(&app, &caller, Direction::Out, id).await?;
    Ok(created(&format!("/api/v1/portOuts/{id}"), &PortOutWhole::from(whole)))
}

pub(super) fn number(text: &str) -> Result<E164, ApiError> {
    text.trim().parse().map_err(|why| ApiError::invalid("number", format!("number: {why}")))
}

/// A request to take a number away, with its steps.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortOutWhole)))]
#[get("/api/v1/portOuts/{id}")]
pub(crate) async fn get_port_out(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&PortOutWhole::from(porting::get(&app, &caller, Direction::Out, read(&id)?).await?))
}

/// Says that it is the tenant's wish.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/portOuts/{id}:confirm")]
pub(crate) async fn confirm_port_out(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    let id = read(&id)?;
    porting::confirm(&app, &caller, id).await?;
    ok(&PortOutWhole::from(porting::get(&app, &caller, Direction::Out, id).await?))
}

/// Says that it is not: the number stays until the tenant says otherwise itself.
#[utoipa::path(tag = "porting", params(("id" = Uuid, Path)), request_body = Why,
    responses((status = 200, body = PortOutWhole)))]
#[post("/api/v1/portOuts/{id}:object")]
pub(crate) async fn object_port_out(
    app: Data<App>,
    caller: Caller,
    id: Path<String>,
    body: Body<Why>,
) -> ApiResult {
    let id = read(&id)?;
    porting::object(&app, &caller, id, &body.0.reason).await?;
    ok(&PortOutWhole::from(porting::get(&app, &caller, Direction::Out, id).await?))
}

/// What keeps a number from being taken away.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PortOutGuard {
    /// Whether no request is taken at all.
    locked: bool,
    /// Whether a request must bring a code.
    has_pin: bool,
}

impl From<GuardView> for PortOutGuard {
    fn from(view: GuardView) -> Self {
        Self { locked: view.locked, has_pin: view.has_pin }
    }
}

/// What changes of it; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"locked": false, "pin": "493817"}))]
pub(crate) struct PortOutGuardChange {
    locked: Option<bool>,
    /// Four to ten digits; null takes it away. It is never shown again.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    pin: Option<Option<String>>,
}

/// Tells `null` from what was left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What keeps a number from being taken away.
#[utoipa::path(tag = "porting", params(("e164" = String, Path)), responses((status = 200, body = PortOutGuard)))]
#[get("/api/v1/numbers/{e164}/portOut")]
pub(crate) async fn get_port_out_guard(app: Data<App>, caller: Caller, e164: Path<String>) -> ApiResult {
    ok(&PortOutGuard::from(porting::guard(&app, &caller, owned(&e164)?).await?))
}

/// Locks a number against being taken away, or unlocks it; sets or takes away its code.
#[utoipa::path(tag = "porting", params(("e164" = String, Path)),
    request_body(content = PortOutGuardChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = PortOutGuard)))]
#[patch("/api/v1/numbers/{e164}/portOut")]
pub(crate) async fn update_port_out_guard(
    app: Data<App>,
    caller: Caller,
    e164: Path<String>,
    body: Body<PortOutGuardChange>,
) -> ApiResult {
    let edit = GuardEdit { locked: body.0.locked, pin: body.0.pin };
    ok(&PortOutGuard::from(porting::set_guard(&app, &caller, owned(&e164)?, edit).await?))
}

fn owned(text: &str) -> Result<E164, ApiError> {
    let text = if text.starts_with('+') { text.to_owned() } else { format!("+{text}") };
    text.parse().map_err(|_| ApiError::not_found("there is no such number here"))
}
