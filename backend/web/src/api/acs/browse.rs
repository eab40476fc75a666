//! Numbers that are for sale, looked at one by one and not held.

use super::{
    ApiVersion, VersionParams, availability::country, available::AvailablePhoneNumber,
    owned::PhoneNumberCapabilitiesRequest,
};
use crate::{
    api::schema::{PhoneNumberAssignmentType, PhoneNumberType},
    auth::Caller,
    error::ApiResult,
    extract::Body,
};
use actix_web::{
    HttpResponse, post,
    web::{Data, Path},
};
use app::numbers::{self, BrowseRequest};
use domain::numbering::{AssignmentType, Capabilities, Capability, NumberType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(browse_numbers);
}

/// What is looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersBrowseRequest {
    #[schema(value_type = PhoneNumberType)]
    phone_number_type: NumberType,
    capabilities: Option<PhoneNumberCapabilitiesRequest>,
    #[schema(value_type = Option<PhoneNumberAssignmentType>)]
    assignment_type: Option<AssignmentType>,
    /// With what the numbers begin: `212`, or `+1212`.
    #[serde(default)]
    phone_number_prefixes: Vec<String>,
}

/// What is for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumbersBrowseResult {
    phone_numbers: Vec<AvailablePhoneNumber>,
}

/// Some of the numbers that are for sale, 100 at most. None of them is held.
#[utoipa::path(tag = "numbers", request_body = PhoneNumbersBrowseRequest, params(VersionParams),
    responses((status = 200, body = PhoneNumbersBrowseResult)))]
#[post("/availablePhoneNumbers/countries/{countryCode}/:browse")]
pub(crate) async fn browse_numbers(
    app: Data<app::App>,
    caller: Caller,
    _version: ApiVersion,
    country_code: Path<String>,
    body: Body<PhoneNumbersBrowseRequest>,
) -> ApiResult {
    let wanted = body.0;
    let request = BrowseRequest {
        country: country(&country_code)?,
        phone_number_type: wanted.phone_number_type,
        assignment_type: wanted.assignment_type,
        capabilities: Capabilities {
            calling: wanted.capabilities.as_ref().and_then(|able| able.calling).unwrap_or(Capability::None),
            sms: wanted.capabilities.as_ref().and_then(|able| able.sms).unwrap_or(Capability::None),
        },
        area_code: None,
        prefixes: wanted.phone_number_prefixes,
        narrow: numbers::Narrow::default(),
    };
    let found = numbers::browse(&app, &caller, request).await?;
    let phone_numbers = found.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(PhoneNumbersBrowseResult { phone_numbers }))
}
