//! Exposure, how fast tenants spend, and what is stopped because of it.

use super::{
    Listing, Operator, PageParams, ok,
    tenants::tenant_id,
    velocity::{Velocity, in_currency},
};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::ApiResult,
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, get, post, put,
    web::{Data, Path},
};
use app::{
    App, Error,
    exposure::{self, ExposureView},
    protection::{self, SpendingDefault, SpendingDefaults},
    velocity::{self, SpendingView, StopView},
};
use chrono::{DateTime, Utc};
use domain::{
    money::{Currency, Money},
    velocity::Subject,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_exposure).service(get_spending).service(list_stops).service(lift_stop);
    routes.service(list_exposures).service(get_tenant_spending).service(list_open_stops);
    routes.service(lift_any_stop).service(get_spending_defaults).service(put_spending_defaults);
}

/// What a tenant may owe at worst.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exposure)]
pub(crate) struct ExposureBody {
    /// All of it: `held` and `owed`.
    #[schema(value_type = Amount)]
    exposure: Money,
    /// What open holds of calls and orders may still cost: the most that may run until the next extension.
    #[schema(value_type = Amount)]
    held: Money,
    /// How far the balance is below zero.
    #[schema(value_type = Amount)]
    owed: Money,
    /// What of it no money of the tenant stands for.
    #[schema(value_type = Amount)]
    lent: Money,
    #[schema(value_type = Amount)]
    credit_limit: Money,
    /// What it may be at most; `null` is no cap beside the money.
    #[schema(value_type = Option<Amount>)]
    cap: Option<Money>,
    /// How much more may be held under the cap.
    #[schema(value_type = Option<Amount>)]
    room: Option<Money>,
    /// Calls that are up on this node.
    live_calls: u32,
}

impl From<ExposureView> for ExposureBody {
    fn from(view: ExposureView) -> Self {
        let ExposureView { exposure, held, owed, lent, credit_limit, cap, room, live_calls } = view;
        Self { exposure, held, owed, lent, credit_limit, cap, room, live_calls }
    }
}

/// What one tenant may owe at worst.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TenantExposure)]
pub(crate) struct TenantExposureBody {
    tenant_id: Uuid,
    slug: String,
    #[serde(flatten)]
    exposure: ExposureBody,
}

/// What is counted or stopped: all of a tenant, a destination or a caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpendingSubject)]
pub(crate) struct SubjectBody {
    /// `tenant`, `destination` or `caller`.
    kind: &'static str,
    /// A country (ISO 3166-1 alpha-2), the digits of a range of high-risk destinations, or a caller id (empty where anonymous).
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl From<&Subject> for SubjectBody {
    fn from(of: &Subject) -> Self {
        let value = (*of != Subject::Tenant).then(|| of.value().to_owned());
        Self { kind: of.kind(), value }
    }
}

/// What was spent lately.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpendingFigure)]
pub(crate) struct FigureBody {
    of: SubjectBody,
    #[schema(value_type = Amount)]
    last_hour: Money,
    #[schema(value_type = Amount)]
    last_day: Money,
}

/// Calls that are or were stopped because too much was spent too fast.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpendingStop)]
pub(crate) struct StopBody {
    id: Uuid,
    tenant_id: Uuid,
    of: SubjectBody,
    /// `hour` or `day`.
    span: &'static str,
    #[schema(value_type = Amount)]
    spent: Money,
    #[schema(value_type = Amount)]
    limit: Money,
    /// Whether calls that were up were ended too.
    ends_calls: bool,
    /// Whether the limit is the operator's, who alone lifts the stop.
    by_operator: bool,
    since: DateTime<Utc>,
    /// Until when; `null` is until it is lifted.
    until: Option<DateTime<Utc>>,
    lifted_at: Option<DateTime<Utc>>,
    lifted_by: Option<String>,
    in_force: bool,
}

impl From<StopView> for StopBody {
    fn from(view: StopView) -> Self {
        Self {
            id: view.id,
            tenant_id: view.tenant.0,
            of: SubjectBody::from(&view.of),
            span: view.span.word(),
            spent: view.spent,
            limit: view.limit,
            ends_calls: view.ends_calls,
            by_operator: view.by_operator,
            since: view.since,
            until: view.until,
            lifted_at: view.lifted_at,
            lifted_by: view.lifted_by,
            in_force: view.in_force,
        }
    }
}

/// A country that was called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CalledCountry)]
pub(crate) struct CountryBody {
    country: String,
    first_called_at: DateTime<Utc>,
}

/// How fast a tenant spends, and may.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Spending)]
pub(crate) struct SpendingBody {
    limits: Velocity,
    /// The tenant, then the destinations and callers on which it spends most. Empty while nothing is limited: nothing is counted then.
    figures: Vec<FigureBody>,
    /// What is stopped now.
    stops: Vec<StopBody>,
    /// Countries that were called, each since when.
    countries: Vec<CountryBody>,
}

impl From<SpendingView> for SpendingBody {
    fn from(view: SpendingView) -> Self {
        let figure = |figure: &velocity::FigureView| FigureBody {
            of: SubjectBody::from(&figure.of),
            last_hour: figure.hour,
            last_day: figure.day,
        };
        let country = |(country, first_called_at)| CountryBody { country, first_called_at };
        Self {
            limits: Velocity::of(&view.limits, view.currency),
            figures: view.figures.iter().map(figure).collect(),
            stops: view.stops.into_iter().map(StopBody::from).collect(),
            countries: view.countries.into_iter().map(country).collect(),
        }
    }
}

/// What holds for tenants of a currency for which the operator set nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SpendingDefault)]
pub(crate) struct DefaultBody {
    /// ISO 4217.
    #[schema(value_type = String)]
    currency: Currency,
    /// What one tenant may owe at worst; `null` is no cap.
    #[schema(value_type = Option<Amount>)]
    #[serde(default)]
    exposure: Option<Money>,
    #[serde(default)]
    velocity: Velocity,
}

/// Those of all currencies.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SpendingDefaults)]
pub(crate) struct DefaultsBody {
    value: Vec<DefaultBody>,
}

impl From<SpendingDefaults> for DefaultsBody {
    fn from(all: SpendingDefaults) -> Self {
        let one = |one: SpendingDefault| DefaultBody {
            currency: one.currency,
            exposure: one.max_exposure_micros.map(|micros| Money::new(micros, one.currency)),
            velocity: Velocity::of(&one.velocity, one.currency),
        };
        Self { value: all.0.into_iter().map(one).collect() }
    }
}

impl DefaultsBody {
    fn into_defaults(self) -> Result<SpendingDefaults, Error> {
        let one = |one: DefaultBody| {
            Ok(SpendingDefault {
                currency: one.currency,
                max_exposure_micros: in_currency("exposure", one.exposure, one.currency)?,
                velocity: one.velocity.into_limits(one.currency)?,
            })
        };
        self.value.into_iter().map(one).collect::<Result<_, _>>().map(SpendingDefaults)
    }
}

/// What the tenant may owe at worst at this moment, and what caps it.
#[utoipa::path(tag = "money", responses((status = 200, body = ExposureBody)))]
#[get("/api/v1/exposure")]
pub(crate) async fn get_exposure(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&ExposureBody::from(exposure::of_tenant(&app, &caller).await?))
}

/// How fast the tenant spends, and may, and what is stopped.
#[utoipa::path(tag = "money", responses((status = 200, body = SpendingBody)))]
#[get("/api/v1/spending")]
pub(crate) async fn get_spending(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&SpendingBody::from(velocity::spending(&app, &caller).await?))
}

/// What was stopped because too much was spent too fast, newest first: what is over, too.
#[utoipa::path(tag = "money", params(PageParams), responses((status = 200, body = Listing<StopBody>)))]
#[get("/api/v1/stops")]
pub(crate) async fn list_stops(
    app: Data<App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = velocity::stops(&app, &caller, None, &page.0.request()?).await?;
    ok(&Listing::<StopBody>::of_page(page, &request))
}

/// Lifts a stop of a limit that the tenant set itself; what it was about is counted anew.
#[utoipa::path(tag = "money", responses((status = 200, body = StopBody)))]
#[post("/api/v1/stops/{id}:lift")]
pub(crate) async fn lift_stop(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&StopBody::from(velocity::lift(&app, &caller, stop_id(&id)?).await?))
}

/// What tenants may owe at worst, those with the most uncovered first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<TenantExposureBody>)))]
#[get("/api/v1/operator/exposure")]
pub(crate) async fn list_exposures(app: Data<App>, operator: Operator) -> ApiResult {
    let one = |one: exposure::TenantExposure| TenantExposureBody {
        tenant_id: one.tenant.0,
        slug: one.slug,
        exposure: ExposureBody::from(one.exposure),
    };
    ok(&Listing::whole(exposure::list(&app, &operator).await?.into_iter().map(one).collect::<Vec<_>>()))
}

/// How fast a tenant spends, and may, and what is stopped.
#[utoipa::path(tag = "operator", responses((status = 200, body = SpendingBody)))]
#[get("/api/v1/operator/tenants/{id}/spending")]
pub(crate) async fn get_tenant_spending(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&SpendingBody::from(velocity::spending_of(&app, &operator, tenant_id(&id)?).await?))
}

/// What is stopped at this moment, of all tenants.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<StopBody>)))]
#[get("/api/v1/operator/stops")]
pub(crate) async fn list_open_stops(app: Data<App>, operator: Operator) -> ApiResult {
    let stops = velocity::open(&app, &operator).await?;
    ok(&Listing::whole(stops.into_iter().map(StopBody::from).collect::<Vec<_>>()))
}

/// Lifts a stop of any tenant; what it was about is counted anew.
#[utoipa::path(tag = "operator", responses((status = 200, body = StopBody)))]
#[post("/api/v1/operator/stops/{id}:lift")]
pub(crate) async fn lift_any_stop(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&StopBody::from(velocity::lift(&app, &operator, stop_id(&id)?).await?))
}

/// What tenants may owe and how fast they may spend where the operator set nothing of their own.
#[utoipa::path(tag = "operator", responses((status = 200, body = DefaultsBody)))]
#[get("/api/v1/operator/spendingDefaults")]
pub(crate) async fn get_spending_defaults(app: Data<App>, operator: Operator) -> ApiResult {
    ok(&DefaultsBody::from(protection::defaults(&app, &operator).await?))
}

/// Puts other defaults into their place.
#[utoipa::path(tag = "operator", request_body = DefaultsBody, responses((status = 200, body = DefaultsBody)))]
#[put("/api/v1/operator/spendingDefaults")]
pub(crate) async fn put_spending_defaults(
    app: Data<App>,
    operator: Operator,
    body: Body<DefaultsBody>,
) -> ApiResult {
    let defaults = body.0.into_defaults()?;
    ok(&DefaultsBody::from(protection::put_defaults(&app, &operator, defaults).await?))
}

fn stop_id(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::not_found("id", "there is no such stop: GET /api/v1/stops lists them"))
}
