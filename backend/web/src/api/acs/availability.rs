//! What is for sale: countries, places, area codes, kinds with their prices.

#![expect(
    unused_qualifications,
    reason = "the macro of the OpenAPI document writes them for several parameters"
)]

use super::{ApiVersion, Paging, PhoneNumberCost, VersionParams, next_link};
use crate::{
    api::schema::{PhoneNumberAssignmentType, PhoneNumberCapabilities, PhoneNumberType},
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Params,
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Path},
};
use app::numbers::{self, Filter};
use domain::numbering::{AssignmentType, Capabilities, NumberType};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_countries).service(list_localities).service(list_area_codes).service(list_offerings);
}

/// Narrows what is for sale.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Narrow {
    /// The kind of number.
    #[param(inline, value_type = Option<PhoneNumberType>)]
    phone_number_type: Option<String>,
    /// Who uses the number.
    #[param(inline, value_type = Option<PhoneNumberAssignmentType>)]
    assignment_type: Option<String>,
    /// The place.
    locality: Option<String>,
    /// The abbreviation of its state.
    administrative_division: Option<String>,
}

impl TryFrom<Narrow> for Filter {
    type Error = ApiError;
    fn try_from(narrow: Narrow) -> Result<Self, ApiError> {
        Ok(Self {
            number_type: word(narrow.phone_number_type.as_deref(), "phoneNumberType")?,
            assignment_type: word(narrow.assignment_type.as_deref(), "assignmentType")?,
            locality: narrow.locality,
            administrative_division: narrow.administrative_division,
        })
    }
}

/// One of the protocol's words, in any case.
fn word<T: FromStr>(text: Option<&str>, target: &str) -> Result<Option<T>, ApiError>
where
    T::Err: std::fmt::Display,
{
    text.map(|text| text.parse().map_err(|error| ApiError::invalid(target, format!("{target}: {error}"))))
        .transpose()
}

/// A two-letter country code, in capitals.
pub(super) fn country(text: &str) -> Result<String, ApiError> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(ApiError::invalid(
        "countryCode",
        format!("countryCode: {text:?} is no two-letter country code such as US"),
    ))
}

/// The countries in which numbers are for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberCountries {
    countries: Vec<PhoneNumberCountry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberCountry {
    localized_name: String,
    country_code: String,
}

/// The countries in which numbers are for sale.
#[utoipa::path(tag = "numbers", params(VersionParams, Paging), responses((status = 200, body = PhoneNumberCountries)))]
#[get("/availablePhoneNumbers/countries")]
pub(crate) async fn list_countries(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    paging: Params<Paging>,
    request: HttpRequest,
) -> ApiResult {
    let list = numbers::countries(&app, &caller, paging.0.window()).await?;
    let country = |country: numbers::Country| PhoneNumberCountry {
        localized_name: country.localized_name,
        country_code: country.country_code,
    };
    Ok(HttpResponse::Ok().json(PhoneNumberCountries {
        countries: list.value.into_iter().map(country).collect(),
        next_link: next_link(&request, list.next_skip),
    }))
}

/// The places of a country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberLocalities {
    phone_number_localities: Vec<PhoneNumberLocality>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberLocality {
    localized_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrative_division: Option<PhoneNumberAdministrativeDivision>,
}

/// A state or county.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberAdministrativeDivision {
    localized_name: String,
    abbreviated_name: String,
}

impl From<numbers::Locality> for PhoneNumberLocality {
    fn from(place: numbers::Locality) -> Self {
        Self {
            localized_name: place.localized_name,
            administrative_division: place.administrative_division.map(
                |(localized_name, abbreviated_name)| PhoneNumberAdministrativeDivision {
                    localized_name,
                    abbreviated_name,
                },
            ),
        }
    }
}

/// The places of a country in which numbers are for sale.
#[utoipa::path(tag = "numbers", params(VersionParams, Narrow, Paging), responses((status = 200, body = PhoneNumberLocalities)))]
#[get("/availablePhoneNumbers/countries/{countryCode}/localities")]
pub(crate) async fn list_localities(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    country_code: Path<String>,
    narrow: Params<Narrow>,
    paging: Params<Paging>,
    request: HttpRequest,
) -> ApiResult {
    let (code, filter) = (country(&country_code)?, narrow.0.try_into()?);
    let list = numbers::localities(&app, &caller, &code, filter, paging.0.window()).await?;
    Ok(HttpResponse::Ok().json(PhoneNumberLocalities {
        phone_number_localities: list.value.into_iter().map(Into::into).collect(),
        next_link: next_link(&request, list.next_skip),
    }))
}

/// The area codes of a country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberAreaCodes {
    area_codes: Vec<PhoneNumberAreaCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// An area code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberAreaCode {
    area_code: String,
}

/// The area codes of a country in which numbers are for sale.
#[utoipa::path(tag = "numbers", params(VersionParams, Narrow, Paging), responses((status = 200, body = PhoneNumberAreaCodes)))]
#[get("/availablePhoneNumbers/countries/{countryCode}/areaCodes")]
pub(crate) async fn list_area_codes(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    country_code: Path<String>,
    narrow: Params<Narrow>,
    paging: Params<Paging>,
    request: HttpRequest,
) -> ApiResult {
    let (code, filter) = (country(&country_code)?, narrow.0.try_into()?);
    let list = numbers::area_codes(&app, &caller, &code, filter, paging.0.window()).await?;
    Ok(HttpResponse::Ok().json(PhoneNumberAreaCodes {
        area_codes: list.value.into_iter().map(|area_code| PhoneNumberAreaCode { area_code }).collect(),
        next_link: next_link(&request, list.next_skip),
    }))
}

/// What is for sale in a country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferingsResponse {
    phone_number_offerings: Vec<PhoneNumberOffering>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A kind of number that is for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumberOffering {
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    #[schema(value_type = PhoneNumberCapabilities)]
    available_capabilities: Capabilities,
    cost: PhoneNumberCost,
}

impl From<numbers::Offering> for PhoneNumberOffering {
    fn from(offering: numbers::Offering) -> Self {
        Self {
            phone_number_type: offering.phone_number_type,
            assignment_type: offering.assignment_type,
            available_capabilities: offering.available_capabilities,
            cost: offering.cost.into(),
        }
    }
}

/// What is for sale in a country: kinds, uses, capabilities, prices.
#[utoipa::path(tag = "numbers", params(VersionParams, Narrow, Paging), responses((status = 200, body = OfferingsResponse)))]
#[get("/availablePhoneNumbers/countries/{countryCode}/offerings")]
pub(crate) async fn list_offerings(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    country_code: Path<String>,
    narrow: Params<Narrow>,
    paging: Params<Paging>,
    request: HttpRequest,
) -> ApiResult {
    let (code, filter) = (country(&country_code)?, narrow.0.try_into()?);
    let list = numbers::offerings(&app, &caller, &code, filter, paging.0.window()).await?;
    Ok(HttpResponse::Ok().json(OfferingsResponse {
        phone_number_offerings: list.value.into_iter().map(Into::into).collect(),
        next_link: next_link(&request, list.next_skip),
    }))
}
