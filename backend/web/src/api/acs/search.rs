//! Search, which holds numbers for a while, and purchase of what a search holds.

use super::{ApiVersion, PhoneNumberCost, VersionParams, availability::country, instant, operations};
use crate::{
    api::schema::{PhoneNumberAssignmentType, PhoneNumberCapabilities, PhoneNumberType},
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Body,
};
use actix_web::{
    HttpResponse, get, post,
    web::{Data, Path},
};
use app::numbers::{self, SearchResult};
use domain::{
    money::{Money, divide_rounding_half_up},
    numbering::{AssignmentType, Capabilities, NumberType},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The protocol's words for how a search went; their places are its numbers.
const SEARCH_ERRORS: [&str; 17] = [
    "NoError",
    "UnknownErrorCode",
    "OutOfStock",
    "AuthorizationDenied",
    "MissingAddress",
    "InvalidAddress",
    "InvalidOfferModel",
    "NotEnoughLicenses",
    "NoWallet",
    "NotEnoughCredit",
    "NumbersPartiallyAcquired",
    "AllNumbersNotAcquired",
    "ReservationExpired",
    "PurchaseFailed",
    "BillingUnavailable",
    "ProvisioningFailed",
    "UnknownSearchError",
];

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(search_numbers).service(get_search_result).service(purchase_numbers);
}

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberSearchRequest {
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    /// Any where it is left out.
    area_code: Option<String>,
    /// How many; 1 where it is left out.
    #[serde(default = "one")]
    #[schema(minimum = 1, default = 1)]
    quantity: u32,
}

const fn one() -> u32 {
    1
}

/// What a search found and holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberSearchResult {
    search_id: Uuid,
    phone_numbers: Vec<String>,
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    cost: PhoneNumberCost,
    /// Until when the numbers are held.
    #[schema(format = DateTime)]
    search_expires_by: String,
    is_agreement_to_not_resell_required: bool,
    error_code: usize,
    error: String,
}

impl From<SearchResult> for PhoneNumberSearchResult {
    fn from(found: SearchResult) -> Self {
        // The protocol's cost is that of a single number (PhoneNumberCost).
        let count = i128::try_from(found.phone_numbers.len().max(1)).unwrap_or(1);
        let each = divide_rounding_half_up(i128::from(found.cost.micros), count);
        let place = SEARCH_ERRORS.iter().position(|word| *word == found.error);
        Self {
            search_id: found.search_id,
            phone_numbers: found.phone_numbers.iter().map(ToString::to_string).collect(),
            phone_number_type: found.phone_number_type,
            assignment_type: found.assignment_type,
            capabilities: found.capabilities,
            cost: Money::new(each, found.cost.currency).into(),
            search_expires_by: instant(found.search_expires_by),
            is_agreement_to_not_resell_required: false,
            error_code: place.unwrap_or(1),
            error: found.error,
        }
    }
}

/// Looks for numbers and holds them for 16 minutes.
#[utoipa::path(tag = "numbers", request_body = PhoneNumberSearchRequest, params(VersionParams),
    responses((status = 202, description = "The search runs: see Operation-Location, then Location")))]
#[post("/availablePhoneNumbers/countries/{countryCode}/:search")]
pub(crate) async fn search_numbers(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    country_code: Path<String>,
    body: Body<PhoneNumberSearchRequest>,
) -> ApiResult {
    let wanted = body.0;
    let wanted = numbers::SearchRequest {
        country: country(&country_code)?,
        phone_number_type: wanted.phone_number_type,
        assignment_type: wanted.assignment_type,
        capabilities: wanted.capabilities,
        area_code: wanted.area_code.filter(|code| !code.is_empty()),
        quantity: wanted.quantity,
        narrow: numbers::Narrow::default(),
    };
    let operation = numbers::search(&app, &caller, wanted).await?;
    Ok(operations::accepted(&operation, &version))
}

/// What a search found.
#[utoipa::path(tag = "numbers", params(VersionParams), responses((status = 200, body = PhoneNumberSearchResult)))]
#[get("/availablePhoneNumbers/searchResults/{searchId}")]
pub(crate) async fn get_search_result(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    search_id: Path<String>,
) -> ApiResult {
    let found = numbers::search_result(&app, &caller, search(&search_id)?).await?;
    Ok(HttpResponse::Ok().json(PhoneNumberSearchResult::from(found)))
}

/// Which search is bought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberPurchaseRequest {
    search_id: String,
    /// Taken, and never required here.
    #[serde(default)]
    #[expect(dead_code, reason = "no country of this platform's stock asks for it")]
    agree_to_not_resell: bool,
}

/// Buys all numbers of a search. 402 where the balance does not cover the first month.
#[utoipa::path(tag = "numbers", request_body = PhoneNumberPurchaseRequest, params(VersionParams),
    responses((status = 202, description = "The purchase runs: see Operation-Location")))]
#[post("/availablePhoneNumbers/:purchase")]
pub(crate) async fn purchase_numbers(
    app: Data<app::App>,
    caller: Caller,
    version: ApiVersion,
    body: Body<PhoneNumberPurchaseRequest>,
) -> ApiResult {
    let operation = numbers::purchase(&app, &caller, search(&body.0.search_id)?).await?;
    Ok(operations::accepted(&operation, &version))
}

/// A search's identifier; what is none is no search either.
fn search(id: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(id).map_err(|_| ApiError::not_found(format!("there is no search {id:?}")).at("searchId"))
}
