//! To accounts that are billed where the numbers of a country are sold.

use super::{Operator, ok};
use crate::{error::ApiResult, extract::Body};
use actix_web::{get, put, web::Data};
use app::eligibility::{self, Agreement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_number_regions).service(put_number_regions);
}

/// To whom numbers of a country are sold. Several of one country add up; a country without any is open to all.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NumberRegion {
    /// The country of the numbers.
    number_country: String,
    /// Countries in which an account may be billed; empty for any that the operator has written down.
    #[serde(default)]
    billing_countries: Vec<String>,
    /// `payAsYouGo`, `customerAgreement`, `enterprise`, `partner`; empty for any.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    agreements: Vec<Agreement>,
}

/// All regions, in any order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"regions": [{"numberCountry": "SE", "billingCountries": ["SE", "DK"], "agreements": []}]}))]
pub(crate) struct NumberRegions {
    regions: Vec<NumberRegion>,
}

impl From<eligibility::Regions> for NumberRegions {
    fn from(all: eligibility::Regions) -> Self {
        let region = |region: eligibility::Region| NumberRegion {
            number_country: region.number_country,
            billing_countries: region.billing_countries,
            agreements: region.agreements,
        };
        Self { regions: all.regions.into_iter().map(region).collect() }
    }
}

impl From<NumberRegions> for eligibility::Regions {
    fn from(all: NumberRegions) -> Self {
        let capital = |code: String| code.trim().to_ascii_uppercase();
        let region = |region: NumberRegion| eligibility::Region {
            number_country: capital(region.number_country),
            billing_countries: region.billing_countries.into_iter().map(capital).collect(),
            agreements: region.agreements,
        };
        Self { regions: all.regions.into_iter().map(region).collect() }
    }
}

/// To accounts that are billed where the numbers of a country are sold.
#[utoipa::path(tag = "operator", responses((status = 200, body = NumberRegions)))]
#[get("/api/v1/operator/eligibility/regions")]
pub(crate) async fn get_number_regions(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&NumberRegions::from(eligibility::regions(&app, &operator).await?))
}

/// Puts these regions into the place of all that there are; numbers that are sold stay with their tenants.
#[utoipa::path(tag = "operator", request_body = NumberRegions, responses((status = 200, body = NumberRegions)))]
#[put("/api/v1/operator/eligibility/regions")]
pub(crate) async fn put_number_regions(
    app: Data<app::App>,
    operator: Operator,
    body: Body<NumberRegions>,
) -> ApiResult {
    ok(&NumberRegions::from(eligibility::put_regions(&app, &operator, body.0.into()).await?))
}
