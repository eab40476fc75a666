//! Which ways of connection a tenant may use, by country and agreement, said before it tries.

use super::{Operator, ok};
use crate::{auth::Caller, error::ApiResult, extract::Body};
use actix_web::{get, put, web::Data};
use app::eligibility::{self, Agreement, Connection, ConnectionView, EligibilityView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_eligibility).service(get_eligibility_policy).service(put_eligibility_policy);
}

/// Whether a way of connection is open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionAccess)]
pub(crate) struct Access {
    allowed: bool,
    /// Why it is not, and what to do; or what it opens.
    why: String,
}

/// Whether numbers of a country can be bought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberAccess {
    /// ISO 3166-1 alpha-2.
    country: String,
    allowed: bool,
    why: String,
}

/// Numbers and calls of the platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudCalling {
    allowed: bool,
    why: String,
    /// Numbers by country.
    number_countries: Vec<NumberAccess>,
}

/// What a tenant may use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Eligibility {
    /// `payAsYouGo`, `customerAgreement`, `enterprise` or `partner`.
    #[schema(value_type = String)]
    agreement: Agreement,
    /// The tenant's country, where the operator said it.
    country: Option<String>,
    cloud_calling: CloudCalling,
    /// Trunks of the tenant's own.
    direct_routing: Access,
}

impl From<ConnectionView> for Access {
    fn from(view: ConnectionView) -> Self {
        Self { allowed: view.allowed, why: view.why }
    }
}

impl From<EligibilityView> for Eligibility {
    fn from(view: EligibilityView) -> Self {
        let numbers = view.numbers.into_iter().map(|known| NumberAccess {
            country: known.country,
            allowed: known.access.allowed,
            why: known.access.why,
        });
        Self {
            agreement: view.agreement,
            country: view.country,
            cloud_calling: CloudCalling {
                allowed: view.cloud_calling.allowed,
                why: view.cloud_calling.why,
                number_countries: numbers.collect(),
            },
            direct_routing: view.direct_routing.into(),
        }
    }
}

/// Which ways of connection the tenant may use, and why.
#[utoipa::path(tag = "eligibility", responses((status = 200, body = Eligibility)))]
#[get("/api/v1/eligibility")]
pub(crate) async fn get_eligibility(app: Data<app::App>, caller: Caller) -> ApiResult {
    ok(&Eligibility::from(eligibility::view(&app, &caller).await?))
}

/// A rule; an empty list fits everything.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EligibilityRule)]
pub(crate) struct Rule {
    /// `cloudCalling` or `directRouting`.
    #[schema(value_type = String)]
    connection: Connection,
    /// `payAsYouGo`, `customerAgreement`, `enterprise`, `partner`.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    agreements: Vec<Agreement>,
    /// Countries of tenants.
    #[serde(default)]
    countries: Vec<String>,
    /// Countries of numbers; with any, it speaks of buying such numbers alone.
    #[serde(default)]
    number_countries: Vec<String>,
    allowed: bool,
    /// Why, and what the tenant can do; needed where it refuses.
    #[serde(default)]
    why: String,
}

/// The first rule that fits decides; what none is against is allowed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EligibilityPolicy)]
pub(crate) struct Policy {
    rules: Vec<Rule>,
}

impl From<eligibility::Policy> for Policy {
    fn from(policy: eligibility::Policy) -> Self {
        let rule = |rule: eligibility::Rule| Rule {
            connection: rule.connection,
            agreements: rule.agreements,
            countries: rule.countries,
            number_countries: rule.number_countries,
            allowed: rule.allowed,
            why: rule.why,
        };
        Self { rules: policy.rules.into_iter().map(rule).collect() }
    }
}

impl From<Policy> for eligibility::Policy {
    fn from(policy: Policy) -> Self {
        let capital =
            |codes: Vec<String>| codes.iter().map(|code| code.trim().to_ascii_uppercase()).collect();
        let rule = |rule: Rule| eligibility::Rule {
            connection: rule.connection,
            agreements: rule.agreements,
            countries: capital(rule.countries),
            number_countries: capital(rule.number_countries),
            allowed: rule.allowed,
            why: rule.why.trim().to_owned(),
        };
        Self { rules: policy.rules.into_iter().map(rule).collect() }
    }
}

/// The rules of eligibility.
#[utoipa::path(tag = "operator", responses((status = 200, body = Policy)))]
#[get("/api/v1/operator/eligibility")]
pub(crate) async fn get_eligibility_policy(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Policy::from(eligibility::policy(&app, &operator).await?))
}

/// Puts these rules into the place of all that there are.
#[utoipa::path(tag = "operator", request_body = Policy, responses((status = 200, body = Policy)))]
#[put("/api/v1/operator/eligibility")]
pub(crate) async fn put_eligibility_policy(
    app: Data<app::App>,
    operator: Operator,
    body: Body<Policy>,
) -> ApiResult {
    ok(&Policy::from(eligibility::put_policy(&app, &operator, body.0.into()).await?))
}
