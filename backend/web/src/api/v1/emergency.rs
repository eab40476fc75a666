//! Emergency calls: per country where they go, per number where its people are.

use super::{Listing, Operator, ok};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Patch,
};
use actix_web::{
    HttpResponse, delete, get, patch, put,
    web::{Data, Path},
};
use app::{
    eligibility::EmergencyTerms,
    emergency::{self, EmergencyView},
};
use domain::{
    config::{CallBack, EmergencyCountry, EmergencyRoute, RegisteredAddress},
    ids::{CarrierId, TenantId},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_emergency_countries)
        .service(get_emergency_country)
        .service(put_emergency_country)
        .service(delete_emergency_country)
        .service(get_emergency)
        .service(update_emergency)
        .service(list_emergency_addresses)
        .service(get_emergency_address)
        .service(put_emergency_address)
        .service(delete_emergency_address);
}

/// Where emergency calls go: `{"kind": "carrier", "carrier": id}`, or `{"kind": "trunk", "tenant": id, "fqdn": name}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EmergencyRoute)]
pub(crate) enum Route {
    /// To a carrier.
    Carrier { carrier: Uuid },
    /// To a trunk of a tenant, of the operator's own as a rule.
    Trunk { tenant: Uuid, fqdn: String },
}

/// Emergency calls of a country.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EmergencyCountry)]
pub(crate) struct Country {
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    country: String,
    /// As they are dialled: `112`.
    #[serde(default)]
    numbers: Vec<String>,
    /// Numbers that reach a machine which says that the way works: `933`.
    #[serde(default)]
    test_numbers: Vec<String>,
    /// Where they go; `null` refuses them with their own cause.
    route: Option<Route>,
    /// The number of the operator that is shown to call back; the caller's own, else the tenant's, where it is null.
    #[schema(value_type = Option<String>)]
    call_back: Option<E164>,
    /// Whether numbers should have a registered address. A call without one is let through, and its trace says so.
    #[serde(default)]
    address_required: bool,
}

impl From<&EmergencyCountry> for Country {
    fn from(known: &EmergencyCountry) -> Self {
        Self {
            country: known.country.clone(),
            numbers: known.numbers.clone(),
            test_numbers: known.test_numbers.clone(),
            route: known.route.clone().map(|route| match route {
                EmergencyRoute::Carrier { carrier } => Route::Carrier { carrier: carrier.0 },
                EmergencyRoute::Trunk { tenant, fqdn } => Route::Trunk { tenant: tenant.0, fqdn },
            }),
            call_back: match known.call_back {
                CallBack::Owned => None,
                CallBack::Fixed(number) => Some(number),
            },
            address_required: known.address_required,
        }
    }
}

impl From<Country> for EmergencyCountry {
    fn from(wanted: Country) -> Self {
        Self {
            country: wanted.country,
            numbers: wanted.numbers,
            test_numbers: wanted.test_numbers,
            route: wanted.route.map(|route| match route {
                Route::Carrier { carrier } => EmergencyRoute::Carrier { carrier: CarrierId(carrier) },
                Route::Trunk { tenant, fqdn } => EmergencyRoute::Trunk { tenant: TenantId(tenant), fqdn },
            }),
            call_back: wanted.call_back.map_or(CallBack::Owned, CallBack::Fixed),
            address_required: wanted.address_required,
        }
    }
}

/// What the platform does with emergency calls, by country.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Country>)))]
#[get("/api/v1/operator/emergency")]
pub(crate) async fn list_emergency_countries(app: Data<app::App>, operator: Operator) -> ApiResult {
    let all = emergency::countries(&app, &operator).await?;
    ok(&Listing::<Country>::whole(all.iter().map(Into::into).collect()))
}

/// What the platform does with emergency calls of a country.
#[utoipa::path(tag = "operator", responses((status = 200, body = Country)))]
#[get("/api/v1/operator/emergency/{country}")]
pub(crate) async fn get_emergency_country(
    app: Data<app::App>,
    operator: Operator,
    country: Path<String>,
) -> ApiResult {
    ok(&Country::from(&emergency::country(&app, &operator, &country).await?))
}

/// Sets what happens to emergency calls of a country: what is left out stays, `null` takes away.
#[utoipa::path(tag = "operator",
    request_body(content = Country, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Country)))]
#[patch("/api/v1/operator/emergency/{country}")]
pub(crate) async fn put_emergency_country(
    app: Data<app::App>,
    operator: Operator,
    country: Path<String>,
    change: Patch<Country>,
) -> ApiResult {
    let nothing = || EmergencyCountry {
        country: country.to_ascii_uppercase(),
        numbers: Vec::new(),
        test_numbers: Vec::new(),
        route: None,
        call_back: CallBack::Owned,
        address_required: false,
    };
    let edit = |now: Option<EmergencyCountry>| {
        let now = now.unwrap_or_else(nothing);
        Ok(change.apply(&Country::from(&now))?.into())
    };
    ok(&Country::from(&emergency::put_country(&app, &operator, &country, edit).await?))
}

/// Forgets a country: its emergency calls are refused from then on.
#[utoipa::path(tag = "operator", responses((status = 204)))]
#[delete("/api/v1/operator/emergency/{country}")]
pub(crate) async fn delete_emergency_country(
    app: Data<app::App>,
    operator: Operator,
    country: Path<String>,
) -> ApiResult {
    emergency::delete_country(&app, &operator, &country).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a tenant sets for its emergency calls.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmergencySettings {
    /// The country of callers whose number tells none.
    country: Option<String>,
    /// A number of the tenant, to call back where the caller's own is not owned.
    #[schema(value_type = Option<String>)]
    call_back: Option<E164>,
}

/// What the platform offers in a country.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EmergencyOffer)]
pub(crate) struct Offer {
    country: String,
    numbers: Vec<String>,
    test_numbers: Vec<String>,
    /// Whether calls to them are carried; otherwise they are refused with their own cause.
    carried: bool,
    address_required: bool,
}

/// What the tenant set, and what the platform offers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Emergency {
    #[serde(flatten)]
    settings: EmergencySettings,
    countries: Vec<Offer>,
}

impl From<EmergencyView> for Emergency {
    fn from(view: EmergencyView) -> Self {
        let offer = |known: EmergencyCountry| Offer {
            country: known.country,
            numbers: known.numbers,
            test_numbers: known.test_numbers,
            carried: known.route.is_some(),
            address_required: known.address_required,
        };
        Self {
            settings: EmergencySettings { country: view.own.country, call_back: view.own.call_back },
            countries: view.countries.into_iter().map(offer).collect(),
        }
    }
}

/// What the tenant set for its emergency calls, and what the platform does with them.
#[utoipa::path(tag = "emergency", responses((status = 200, body = Emergency)))]
#[get("/api/v1/emergency")]
pub(crate) async fn get_emergency(app: Data<app::App>, caller: Caller) -> ApiResult {
    ok(&Emergency::from(emergency::settings(&app, &caller).await?))
}

/// Changes what the tenant set: what is left out stays, `null` takes away.
#[utoipa::path(tag = "emergency",
    request_body(content = EmergencySettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Emergency)))]
#[patch("/api/v1/emergency")]
pub(crate) async fn update_emergency(
    app: Data<app::App>,
    caller: Caller,
    change: Patch<EmergencySettings>,
) -> ApiResult {
    let view = emergency::change_settings(&app, &caller, |now| {
        let wanted = change.apply(&EmergencySettings { country: now.country, call_back: now.call_back })?;
        let country = wanted.country.map(|code| code.trim().to_ascii_uppercase());
        Ok(EmergencyTerms { country, call_back: wanted.call_back })
    })
    .await?;
    ok(&Emergency::from(view))
}

/// Where the people behind a number are, as the emergency service is told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = EmergencyAddress)]
pub(crate) struct Address {
    /// The number; it stands in the path where it is put.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    number: Option<E164>,
    /// ISO 3166-1 alpha-2.
    country: String,
    /// Street, house, floor, room; 1 to 6 lines.
    lines: Vec<String>,
    /// City.
    locality: String,
    /// State or province.
    #[serde(default)]
    region: String,
    #[serde(default)]
    postal_code: String,
    /// The number of the tenant that a call taker calls back, where it is another one than this.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    call_back: Option<E164>,
}

impl From<RegisteredAddress> for Address {
    fn from(known: RegisteredAddress) -> Self {
        Self {
            number: Some(known.number),
            country: known.country,
            lines: known.lines,
            locality: known.locality,
            region: known.region,
            postal_code: known.postal_code,
            call_back: known.call_back,
        }
    }
}

/// The registered addresses of the tenant's numbers.
#[utoipa::path(tag = "emergency", responses((status = 200, body = Listing<Address>)))]
#[get("/api/v1/emergency/addresses")]
pub(crate) async fn list_emergency_addresses(app: Data<app::App>, caller: Caller) -> ApiResult {
    let all = emergency::addresses(&app, &caller).await?;
    ok(&Listing::<Address>::whole(all.into_iter().map(Into::into).collect()))
}

/// The address of a number.
#[utoipa::path(tag = "emergency", responses((status = 200, body = Address)))]
#[get("/api/v1/emergency/addresses/{e164}")]
pub(crate) async fn get_emergency_address(
    app: Data<app::App>,
    caller: Caller,
    e164: Path<String>,
) -> ApiResult {
    ok(&Address::from(emergency::address_of(&app, &caller, number(&e164)?).await?))
}

/// Registers the address of a number, in the place of the one that it had.
#[utoipa::path(tag = "emergency", request_body = Address, responses((status = 200, body = Address)))]
#[put("/api/v1/emergency/addresses/{e164}")]
pub(crate) async fn put_emergency_address(
    app: Data<app::App>,
    caller: Caller,
    e164: Path<String>,
    body: crate::extract::Body<Address>,
) -> ApiResult {
    let wanted = body.0;
    let number = number(&e164)?;
    if wanted.number.is_some_and(|said| said != number) {
        return Err(ApiError::invalid(
            "number",
            "number: it is another one than the address of this request names",
        ));
    }
    let wanted = RegisteredAddress {
        number,
        country: wanted.country,
        lines: wanted.lines,
        locality: wanted.locality,
        region: wanted.region,
        postal_code: wanted.postal_code,
        call_back: wanted.call_back,
    };
    ok(&Address::from(emergency::put_address(&app, &caller, wanted).await?))
}

/// Forgets the address of a number.
#[utoipa::path(tag = "emergency", responses((status = 204)))]
#[delete("/api/v1/emergency/addresses/{e164}")]
pub(crate) async fn delete_emergency_address(
    app: Data<app::App>,
    caller: Caller,
    e164: Path<String>,
) -> ApiResult {
    emergency::delete_address(&app, &caller, number(&e164)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn number(text: &str) -> Result<E164, ApiError> {
    E164::parse(text).map_err(|error| ApiError::invalid("e164", format!("e164: {error}")))
}
