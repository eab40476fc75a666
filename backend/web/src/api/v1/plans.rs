//! Price plans of the operator, and what calls to a number cost.

mod body;
mod overrides;

use super::{Listing, Operator, created, ok};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Params, Patch},
};
use actix_web::{
    HttpResponse, delete, get, patch, post,
    web::{Data, Path},
};
use app::plans::{self, NumberPrices, PlanView, RoutePrice, VersionView, When};
pub(crate) use body::PlanSettings;
use chrono::{DateTime, Utc};
use domain::{
    ids::PlanId,
    money::{Currency, Money},
    rating::{Line, PricePlan, sandbox_plan},
};
pub(crate) use overrides::{PlanOverrides, differing, edited};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_plans).service(create_plan).service(get_plan).service(update_plan);
    routes.service(list_plan_versions).service(withdraw_plan_version);
    routes.service(get_prices);
}

/// A price plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PricePlan)]
pub(crate) struct Plan {
    id: Uuid,
    /// What stands on each charge as `rateVersion`.
    version: String,
    #[serde(flatten)]
    settings: PlanSettings,
    /// Where it builds on another: what it says itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<PlanOverrides>,
    /// How many tenants have it.
    tenants: u64,
}

impl From<PlanView> for Plan {
    fn from(view: PlanView) -> Self {
        Self {
            id: view.plan.id.0,
            version: view.plan.version.clone(),
            settings: PlanSettings::from(&view.plan),
            overrides: PlanOverrides::of(&view.plan),
            tenants: view.tenants,
        }
    }
}

/// A version of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricePlanVersion {
    number: i32,
    /// What stands on each charge as `rateVersion`.
    version: String,
    /// `scheduled`, `applied` or `withdrawn`.
    state: String,
    effective_at: DateTime<Utc>,
    created_by: String,
    created_at: DateTime<Utc>,
    #[schema(value_type = PlanSettings)]
    plan: PlanSettings,
}

impl From<VersionView> for PricePlanVersion {
    fn from(view: VersionView) -> Self {
        Self {
            number: view.number,
            version: view.plan.version.clone(),
            state: view.state,
            effective_at: view.effective_at,
            created_by: view.created_by,
            created_at: view.created_at,
            plan: PlanSettings::from(&view.plan),
        }
    }
}

/// What somebody has confirmed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Confirmation {
    /// `belowCost` where what sells below cost is meant so.
    confirm: Option<String>,
}

impl Confirmation {
    pub(super) fn below_cost(&self) -> Result<bool, ApiError> {
        below_cost(self.confirm.as_deref())
    }
}

fn below_cost(confirm: Option<&str>) -> Result<bool, ApiError> {
    match confirm {
        None => Ok(false),
        Some("belowCost") => Ok(true),
        Some(_) => Err(ApiError::invalid("confirm", "confirm: only belowCost is confirmed so")),
    }
}

/// When a change of prices comes into force, and what somebody has confirmed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Change {
    /// From when on it is in force; now where it is left out.
    pub(super) effective_at: Option<DateTime<Utc>>,
    /// `belowCost` where what sells below cost is meant so.
    pub(super) confirm: Option<String>,
}

impl Change {
    pub(super) fn when(&self) -> Result<When, ApiError> {
        let below_cost = below_cost(self.confirm.as_deref())?;
        Ok(When { effective_at: self.effective_at, below_cost })
    }
}

/// All price plans, by name.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<Plan>)))]
#[get("/api/v1/operator/pricePlans")]
pub(crate) async fn list_plans(app: Data<app::App>, operator: Operator) -> ApiResult {
    let all = plans::views(&app, &operator).await?;
    ok(&Listing::<Plan>::whole(all.into_iter().map(Into::into).collect()))
}

/// Makes a price plan. What is left out is as in the sandbox plan, but for the prices: `name` and `currency` are needed, and
/// what is not priced costs nothing or, of calls to numbers, is not sold. What sells below cost is 409 `BelowCost` until it
/// is confirmed. With a `base`, what is left out is as that plan says, now and after each change of it.
#[utoipa::path(tag = "operator", params(Change), request_body = PlanSettings, responses((status = 201, body = Plan)))]
#[post("/api/v1/operator/pricePlans")]
pub(crate) async fn create_plan(
    app: Data<app::App>,
    operator: Operator,
    change: Params<Change>,
    body: Patch<PlanSettings>,
) -> ApiResult {
    let empty = PricePlan {
        name: String::new(),
        outbound: Vec::new(),
        inbound: Vec::new(),
        monthly: Vec::new(),
        app_leg_micros: 0,
        trunk_leg_micros: 0,
        ..sandbox_plan(PlanId(Uuid::nil()))
    };
    let empty = match overrides::base_of(&body)? {
        None => empty,
        Some(base) => PricePlan { currency: base_currency(&app, &operator, base).await?, ..empty },
    };
    let plan = edited(&body, empty)?;
    let made = Plan::from(plans::create(&app, &operator, plan, change.0.when()?).await?);
    Ok(created(&format!("/api/v1/operator/pricePlans/{}", made.id), &made))
}

async fn base_currency(app: &app::App, operator: &Operator, base: PlanId) -> Result<Currency, ApiError> {
    let found = plans::get(app, operator, base).await;
    found
        .map(|view| view.plan.currency)
        .map_err(|_| ApiError::invalid("base", "there is no such price plan to build on"))
}

/// One price plan.
#[utoipa::path(tag = "operator", responses((status = 200, body = Plan)))]
#[get("/api/v1/operator/pricePlans/{id}")]
pub(crate) async fn get_plan(app: Data<app::App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Plan::from(plans::get(&app, &operator, plan_id(&id)?).await?))
}

/// Changes a price plan, now or from a later time on: what is left out stays, `null` takes away. Each change is a new version;
/// calls that are up cost what they were quoted.
#[utoipa::path(tag = "operator", params(Change),
    request_body(content = PlanSettings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Plan)))]
#[patch("/api/v1/operator/pricePlans/{id}")]
pub(crate) async fn update_plan(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    change: Params<Change>,
    body: Patch<PlanSettings>,
) -> ApiResult {
    let edit = |now: PricePlan| edited(&body, now);
    let changed = plans::change(&app, &operator, plan_id(&id)?, change.0.when()?, edit).await?;
    ok(&Plan::from(changed))
}

/// The versions of a price plan, the newest first.
#[utoipa::path(tag = "operator", responses((status = 200, body = Listing<PricePlanVersion>)))]
#[get("/api/v1/operator/pricePlans/{id}/versions")]
pub(crate) async fn list_plan_versions(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    let all = plans::versions(&app, &operator, plan_id(&id)?).await?;
    ok(&Listing::<PricePlanVersion>::whole(all.into_iter().map(Into::into).collect()))
}

/// Takes a version back that waits for its time.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), ("number" = i32, Path)), responses((status = 204)))]
#[delete("/api/v1/operator/pricePlans/{id}/versions/{number}")]
pub(crate) async fn withdraw_plan_version(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let (id, number) = path.into_inner();
    plans::withdraw(&app, &operator, plan_id(&id)?, version_number(&number)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn plan_id(text: &str) -> Result<PlanId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no price plan {text:?}")).at("id"))
}

pub(super) fn version_number(text: &str) -> Result<i32, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no version {text:?}")).at("number"))
}

/// Which number.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ToNumber {
    /// A full international number such as `+4687654321`; in a URL, `+` is written `%2B`.
    to: String,
}

/// What calls to a number cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Prices {
    to: String,
    /// The tenant's plan.
    price_plan: String,
    rate_version: String,
    /// `exclusive` or `inclusive`.
    tax: &'static str,
    /// Each way that a call of an app or a phone can take, in the order in which it would be tried.
    routes: Vec<RouteCost>,
}

/// What a call costs on one way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoutePrice)]
pub(crate) struct RouteCost {
    /// `onNet` (a number of this platform), `trunk` (a route of the tenant) or `carrier` (the platform's).
    via: &'static str,
    /// The name of the tenant's route; empty for what is none.
    route: String,
    lines: Vec<PriceLine>,
    /// What one minute costs.
    #[schema(value_type = Amount)]
    minute: Money,
    /// What ten minutes cost.
    #[schema(value_type = Amount)]
    ten_minutes: Money,
}

/// A line of a price.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceLine {
    /// `app`, `trunk` or `outbound`.
    kind: &'static str,
    description: String,
    #[schema(value_type = Amount)]
    per_minute: Money,
    increment_ms: u32,
    /// The first increment, where it is another.
    first_increment_ms: u32,
    /// Due once, with the answer.
    #[schema(value_type = Amount)]
    connection_fee: Money,
    /// Free milliseconds that the call may use.
    free_ms: u64,
    rate_version: String,
}

impl PriceLine {
    fn of(line: Line, quote: &domain::rating::Quote) -> Self {
        let terms = line.terms.as_deref().cloned().unwrap_or_default();
        Self {
            kind: line.kind.word(),
            per_minute: Money::new(line.per_minute_micros, quote.currency),
            increment_ms: line.increment_ms,
            first_increment_ms: if terms.first_ms == 0 { line.increment_ms } else { terms.first_ms },
            connection_fee: Money::new(terms.connection_micros, quote.currency),
            free_ms: terms.free_ms(),
            description: line.description.into_owned(),
            rate_version: line.rate_version,
        }
    }
}

impl From<RoutePrice> for RouteCost {
    fn from(price: RoutePrice) -> Self {
        let lines = price.quote.lines.iter().cloned().map(|line| PriceLine::of(line, &price.quote)).collect();
        Self {
            via: price.via,
            route: price.route,
            lines,
            minute: price.minute,
            ten_minutes: price.ten_minutes,
        }
    }
}

impl From<NumberPrices> for Prices {
    fn from(prices: NumberPrices) -> Self {
        Self {
            to: prices.to.to_string(),
            price_plan: prices.plan,
            rate_version: prices.version,
            tax: prices.tax,
            routes: prices.routes.into_iter().map(RouteCost::from).collect(),
        }
    }
}

/// What a call to a number costs the tenant at this moment, on each way that it can take.
#[utoipa::path(tag = "money", params(ToNumber), responses((status = 200, body = Prices)))]
#[get("/api/v1/prices")]
pub(crate) async fn get_prices(app: Data<app::App>, caller: Caller, to: Params<ToNumber>) -> ApiResult {
    ok(&Prices::from(plans::prices(&app, &caller, &to.0.to).await?))
}
