//! Numbers that are for sale, by everything that a number can be looked for by.

use super::{Listing, ok};
use crate::{
    api::schema::{Amount, PhoneNumberType},
    auth::Caller,
    error::ApiResult,
    extract::Params,
};
use actix_web::{get, web::Data};
use app::numbers::{self, AvailableNumber, BrowseRequest, Narrow};
use domain::{
    money::Money,
    numbering::{Capabilities, Capability, NumberType},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_available_numbers);
}

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct NumberWish {
    /// ISO 3166-1 alpha-2.
    #[param(example = "US", pattern = "^[A-Za-z]{2}$")]
    country: String,
    /// The kind.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = PhoneNumberType)]
    number_type: NumberType,
    /// The area code.
    area_code: Option<String>,
    /// The place.
    locality: Option<String>,
    /// With what the number begins: `212`, or `+1212`.
    prefix: Option<String>,
    /// Digits that it contains, three at least.
    #[param(pattern = "^[0-9]{3,15}$")]
    contains: Option<String>,
}

/// A number that is for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NumberForSale)]
pub(crate) struct ForSale {
    number: String,
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    /// What a month costs.
    #[schema(value_type = Amount)]
    monthly: Money,
}

impl From<AvailableNumber> for ForSale {
    fn from(found: AvailableNumber) -> Self {
        Self {
            number: found.number.to_string(),
            country: found.country_code,
            number_type: found.number_type,
            monthly: found.monthly,
        }
    }
}

/// Some of the numbers that are for sale, the cheapest first, 100 at most. None of them is held: search or reserve to hold
/// them.
#[utoipa::path(tag = "numbers", params(NumberWish), responses((status = 200, body = Listing<ForSale>)))]
#[get("/api/v1/availableNumbers")]
pub(crate) async fn list_available_numbers(
    app: Data<app::App>,
    caller: Caller,
    wish: Params<NumberWish>,
) -> ApiResult {
    let wish = wish.0;
    let request = BrowseRequest {
        country: wish.country,
        phone_number_type: wish.number_type,
        assignment_type: None,
        capabilities: Capabilities { calling: Capability::None, sms: Capability::None },
        area_code: wish.area_code,
        prefixes: Vec::new(),
        narrow: Narrow { locality: wish.locality, prefix: wish.prefix, contains: wish.contains },
    };
    let found = numbers::browse(&app, &caller, request).await?;
    ok(&Listing::whole(found.into_iter().map(ForSale::from).collect()))
}
