//! The numbers that a tenant owns.

use super::{ApiVersion, Paging, PhoneNumberCost, VersionParams, instant, operations};
use crate::{
    api::{
        number,
        schema::{
            PhoneNumberAssignmentType, PhoneNumberCapabilities, PhoneNumberCapabilityType, PhoneNumberType,
        },
    },
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, patch,
    web::{Data, Path},
};
use app::{
    PAGE_MAX, PageRequest,
    numbers::{self, OwnedNumber},
};
use domain::numbering::{AssignmentType, Capabilities, Capability, NumberType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_purchased_numbers)
        .service(get_purchased_number)
        .service(release_number)
        .service(update_capabilities);
}

/// A number that the tenant owns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurchasedPhoneNumber {
    /// The digits.
    id: String,
    /// The number with its `+`.
    phone_number: String,
    country_code: String,
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    #[schema(format = DateTime)]
    purchase_date: String,
    cost: PhoneNumberCost,
}

impl From<OwnedNumber> for PurchasedPhoneNumber {
    fn from(owned: OwnedNumber) -> Self {
        Self {
            id: owned.number.digits(),
            phone_number: owned.number.to_string(),
            country_code: owned.country_code,
            phone_number_type: owned.number_type,
            capabilities: owned.capabilities,
            assignment_type: owned.assignment_type,
            purchase_date: instant(owned.purchased_at),
            cost: owned.monthly.into(),
        }
    }
}

/// The numbers that the tenant owns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurchasedPhoneNumbers {
    phone_numbers: Vec<PurchasedPhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// Where a further page begins: links to it are made by the server.
#[derive(Debug, Default, Deserialize)]
struct After {
    after: Option<String>,
}

/// The relative link to the next page, which begins after a number: what is bought or released meanwhile neither repeats
/// nor hides another.
fn link_after(request: &HttpRequest, after: &str) -> String {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let pairs = pairs.filter(|(name, _)| name != "skip" && name != "after");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("after", after)
        .finish();
    format!("{}?{query}", request.path())
}

/// The numbers that the tenant owns, in order.
#[utoipa::path(tag = "numbers", params(VersionParams, Paging), responses((status = 200, body = PurchasedPhoneNumbers)))]
#[get("/phoneNumbers")]
pub(crate) async fn list_purchased_numbers(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    paging: Params<Paging>,
    after: Params<After>,
    request: HttpRequest,
) -> ApiResult {
    let app::Window { skip, limit } = paging.0.window();
    let page = PageRequest { after: after.0.after, size: u32::try_from(limit).unwrap_or(PAGE_MAX) };
    let list = numbers::page(&app, &caller, skip, &page).await?;
    Ok(HttpResponse::Ok().json(PurchasedPhoneNumbers {
        phone_numbers: list.value.into_iter().map(Into::into).collect(),
        next_link: list.next.map(|after| link_after(&request, &after)),
    }))
}

/// One number that the tenant owns.
#[utoipa::path(tag = "numbers", params(VersionParams), responses((status = 200, body = PurchasedPhoneNumber)))]
#[get("/phoneNumbers/{phoneNumber}")]
pub(crate) async fn get_purchased_number(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    phone_number: Path<String>,
) -> ApiResult {
    let owned = numbers::get(&app, &caller, number(&phone_number, "phoneNumber")?).await;
    Ok(HttpResponse::Ok()
        .json(PurchasedPhoneNumber::from(owned.map_err(|error| missing(error, &phone_number))?)))
}

/// Gives a number back: it stays the tenant's until the end of the month that is paid.
#[utoipa::path(tag = "numbers", params(VersionParams),
    responses((status = 202, description = "The release runs: see Operation-Location")))]
#[delete("/phoneNumbers/{phoneNumber}")]
pub(crate) async fn release_number(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    phone_number: Path<String>,
) -> ApiResult {
    let operation = numbers::release(&app, &caller, number(&phone_number, "phoneNumber")?).await;
    Ok(operations::accepted(&operation.map_err(|error| missing(error, &phone_number))?, &version))
}

/// What a number is to do; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PhoneNumberCapabilitiesRequest {
    #[schema(value_type = Option<PhoneNumberCapabilityType>)]
    pub(super) calling: Option<Capability>,
    #[schema(value_type = Option<PhoneNumberCapabilityType>)]
    pub(super) sms: Option<Capability>,
}

/// Says what an owned number does, within what such a number can do.
#[utoipa::path(tag = "numbers", params(VersionParams), request_body = PhoneNumberCapabilitiesRequest,
    responses((status = 202, description = "The change runs: see Operation-Location, then Location")))]
#[patch("/phoneNumbers/{phoneNumber}/capabilities")]
pub(crate) async fn update_capabilities(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    phone_number: Path<String>,
    body: Body<PhoneNumberCapabilitiesRequest>,
) -> ApiResult {
    let wished = numbers::Wished { calling: body.0.calling, sms: body.0.sms };
    let number = number(&phone_number, "phoneNumber")?;
    let operation = numbers::update_capabilities(&app, &caller, number, wished).await;
    Ok(operations::accepted(&operation.map_err(|error| missing(error, &phone_number))?, &version))
}

/// The protocol's own sentence for a number that is not the tenant's.
fn missing(error: app::Error, number: &str) -> ApiError {
    match error {
        app::Error::NotFound { .. } => {
            ApiError::not_found(format!("Input phoneNumber {number} cannot be found.")).at("phonenumber")
        }
        other => other.into(),
    }
}
