//! Owned numbers: where calls to them go.

use super::{Listing, PageParams, ok};
use crate::{
    api::{
        number,
        schema::{Amount, PhoneNumberAssignmentType, PhoneNumberCapabilities, PhoneNumberType},
    },
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, get, patch,
    web::{Data, Path},
};
use app::numbers::{self, OwnedNumber};
use chrono::{DateTime, Utc};
use domain::{
    money::Money,
    numbering::{AssignmentType, Binding, Capabilities, NumberType},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_numbers).service(get_number).service(update_number);
}

/// A number that the tenant owns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Number {
    /// The lease: ledger lines name it.
    id: Uuid,
    /// The number with its `+`.
    e164: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    #[schema(value_type = PhoneNumberCapabilities)]
    capabilities: Capabilities,
    #[schema(value_type = PhoneNumberAssignmentType)]
    assignment_type: AssignmentType,
    inbound: Inbound,
    #[schema(value_type = Amount)]
    monthly: Money,
    purchased_at: DateTime<Utc>,
    paid_until: DateTime<Utc>,
    /// Whether it goes back when it is no longer paid.
    is_released: bool,
}

/// Where calls to the number go.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"kind": "user", "target": "anna"}))]
pub(crate) struct Inbound {
    kind: InboundKind,
    /// The trunk's FQDN, the username, or the number; none for `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// What takes the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InboundKind {
    Trunk,
    User,
    Application,
    Forward,
    None,
}

impl From<Binding> for Inbound {
    fn from(binding: Binding) -> Self {
        let (kind, target) = match binding {
            Binding::Trunk(fqdn) => (InboundKind::Trunk, Some(fqdn)),
            Binding::User(name) => (InboundKind::User, Some(name)),
            Binding::Application(name) => (InboundKind::Application, Some(name)),
            Binding::Forward(number) => (InboundKind::Forward, Some(number.to_string())),
            Binding::None => (InboundKind::None, None),
        };
        Self { kind, target }
    }
}

impl TryFrom<Inbound> for Binding {
    type Error = ApiError;
    fn try_from(wanted: Inbound) -> Result<Self, ApiError> {
        const TARGET: &str = "inbound.target";
        let target = wanted.target.filter(|text| !text.is_empty());
        let named =
            || target.clone().ok_or_else(|| ApiError::invalid(TARGET, "inbound.target: say which one"));
        Ok(match wanted.kind {
            InboundKind::Trunk => Self::Trunk(named()?),
            InboundKind::User => Self::User(named()?),
            InboundKind::Application => Self::Application(named()?),
            InboundKind::Forward => Self::Forward(number(&named()?, TARGET)?),
            InboundKind::None => Self::None,
        })
    }
}

impl From<OwnedNumber> for Number {
    fn from(owned: OwnedNumber) -> Self {
        Self {
            id: owned.id.0,
            e164: owned.number.to_string(),
            country: owned.country_code,
            number_type: owned.number_type,
            capabilities: owned.capabilities,
            assignment_type: owned.assignment_type,
            inbound: owned.inbound.into(),
            monthly: owned.monthly,
            purchased_at: owned.purchased_at,
            paid_until: owned.paid_until,
            is_released: owned.is_released,
        }
    }
}

/// The numbers that the tenant owns, in order.
#[utoipa::path(tag = "numbers", params(PageParams), responses((status = 200, body = Listing<Number>)))]
#[get("/api/v1/numbers")]
pub(crate) async fn list_numbers(
    app: Data<app::App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let list = numbers::page(&app, &caller, 0, &page.0.request()?).await?;
    ok(&Listing::<Number>::of_page(list, &request))
}

/// One number that the tenant owns.
#[utoipa::path(tag = "numbers", responses((status = 200, body = Number)))]
#[get("/api/v1/numbers/{e164}")]
pub(crate) async fn get_number(app: Data<app::App>, caller: Caller, e164: Path<String>) -> ApiResult {
    ok(&Number::from(numbers::get(&app, &caller, number(&e164, "e164")?).await?))
}

/// What changes about a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NumberChange {
    /// Where calls go from now on; left out, nothing changes.
    inbound: Option<Inbound>,
}

/// Says where calls to a number go.
#[utoipa::path(tag = "numbers",
    request_body(content = NumberChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Number)))]
#[patch("/api/v1/numbers/{e164}")]
pub(crate) async fn update_number(
    app: Data<app::App>,
    caller: Caller,
    e164: Path<String>,
    body: Body<NumberChange>,
) -> ApiResult {
    let e164 = number(&e164, "e164")?;
    let owned = match body.0.inbound {
        Some(inbound) => numbers::bind(&app, &caller, e164, inbound.try_into()?).await?,
        None => numbers::get(&app, &caller, e164).await?,
    };
    ok(&Number::from(owned))
}
