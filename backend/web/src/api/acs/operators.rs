//! What is known of any number.

use super::{ApiVersion, VersionParams};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Body,
};
use actix_web::{HttpResponse, post, web::Data};
use app::numbers::{self, LOOKUP_MAX};
use domain::{numbering::NumberType, phone::E164};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(search_operator_information);
}

/// Of which numbers what is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperatorInformationRequest {
    /// In full, with `+`: 1 to 100.
    #[schema(example = json!(["+12125550100"]))]
    phone_numbers: Vec<String>,
    options: Option<OperatorInformationOptions>,
}

/// What is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperatorInformationOptions {
    /// Country, kind and operator too, as far as they are known.
    include_additional_operator_details: Option<bool>,
}

/// What is known of the numbers, in the order in which they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorInformationResult {
    values: Vec<OperatorInformation>,
}

/// What is known of a number; what is not is left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperatorInformation {
    phone_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    national_format: Option<String>,
    international_format: String,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    iso_country_code: Option<&'static str>,
    /// `geographic`, `mobile`, `other` (toll-free among them) or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_details: Option<OperatorDetails>,
}

/// Who operates a number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorDetails {
    name: String,
}

impl From<numbers::OperatorInformation> for OperatorInformation {
    fn from(known: numbers::OperatorInformation) -> Self {
        let number_type = known.details.as_ref().map(|details| match details.number_type {
            Some(NumberType::Geographic) => "geographic",
            Some(NumberType::Mobile) => "mobile",
            Some(NumberType::TollFree) => "other",
            None => "unknown",
        });
        let details = known.details.unwrap_or_default();
        Self {
            phone_number: known.number.to_string(),
            national_format: known.national_format,
            international_format: known.international_format,
            iso_country_code: details.country,
            number_type,
            operator_details: details.operator.map(|name| OperatorDetails { name }),
        }
    }
}

/// Says how numbers are written, and, where it is asked for, their country, kind and operator, as far as they are known.
#[utoipa::path(tag = "numbers", params(VersionParams), request_body = OperatorInformationRequest,
    responses((status = 200, body = OperatorInformationResult)))]
#[post("/operatorInformation/:search")]
pub(crate) async fn search_operator_information(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    body: Body<OperatorInformationRequest>,
) -> ApiResult {
    let options = body.0.options.unwrap_or_default();
    let details = options.include_additional_operator_details.unwrap_or(false);
    if body.0.phone_numbers.len() > LOOKUP_MAX {
        let message = format!("ask for {LOOKUP_MAX} numbers at a time at most");
        return Err(ApiError::invalid("phoneNumbers", message));
    }
    let read = |(place, text): (usize, &String)| {
        E164::parse(text).map_err(|error| {
            let target = format!("phoneNumbers.{place}");
            ApiError::invalid(target, format!("write the number in full, such as +12125550100: {error}"))
        })
    };
    let wanted: Vec<E164> = body.0.phone_numbers.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let found = numbers::lookup(&app, &caller, &wanted, details).await?;
    let values = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(OperatorInformationResult { values }))
}
