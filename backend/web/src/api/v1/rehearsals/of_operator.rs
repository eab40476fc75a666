//! The operator's rehearsals: plans, decks, routes and carriers, on the calls of all tenants.

use super::{
    super::{
        Listing, Operator, PageParams,
        carriers::CarrierSettings,
        ok,
        plans::{Change, Confirmation, PlanSettings},
        routes::Route,
    },
    Rehearsal, begun, page, rehearsal_id,
};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Body, Params, Patch},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::{
    App, carriers, plans,
    rehearsals::{self, Against, Draft, New},
};
use chrono::{DateTime, Utc};
use domain::{
    config::CarrierOrder,
    ids::{CarrierId, DeckId, PlanId, TenantId},
    rating::PricePlan,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_operator_rehearsals)
        .service(create_operator_rehearsal)
        .service(get_operator_rehearsal)
        .service(delete_operator_rehearsal)
        .service(cancel_operator_rehearsal)
        .service(apply_operator_rehearsal)
        .service(withdraw_operator_rehearsal)
        .service(roll_back_operator_rehearsal);
}

/// What is tried: one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum RehearsalDraft {
    /// A price plan as it would be: a change, as a PATCH of the plan has it, or one of its versions.
    PricePlan {
        id: Uuid,
        #[serde(default)]
        #[schema(value_type = Option<Object>)]
        change: Option<Value>,
        #[serde(default)]
        version: Option<i32>,
    },
    /// A version of a rate deck, such as its draft, in the place of the one in force.
    RateDeck { id: Uuid, version: i32 },
    /// All routes of a tenant; the tenant alone applies them.
    Routes { tenant: Uuid, routes: Vec<Route> },
    /// By what carriers with an equally long prefix are put in order.
    CarrierOrder {
        /// `cost`, `quality`, `capacity`, `weight`: the first that tells two carriers apart decides.
        #[schema(value_type = Vec<String>)]
        by: Vec<CarrierOrder>,
    },
    /// A carrier as it would be: a change, as a PATCH of the carrier has it.
    Carrier {
        id: Uuid,
        #[schema(value_type = Object)]
        change: Value,
    },
}

/// What is tried, and on which calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z",
    "draft": {"carrierOrder": {"by": ["quality", "cost"]}}}))]
pub(crate) struct NewOperatorRehearsal {
    /// Attempts from here on.
    since: DateTime<Utc>,
    /// And before this; 31 days at most.
    until: DateTime<Utc>,
    /// `recorded` or `today`.
    #[serde(default)]
    #[schema(value_type = String, default = "recorded")]
    against: Against,
    draft: RehearsalDraft,
}

async fn draft_of(app: &App, operator: &Operator, draft: RehearsalDraft) -> Result<Draft, ApiError> {
    Ok(match draft {
        RehearsalDraft::PricePlan { id, change, version } => {
            let plan = plan_of(app, operator, PlanId(id), change, version).await?;
            Draft::PricePlan { plan: Box::new(plan) }
        }
        RehearsalDraft::RateDeck { id, version } => {
            Draft::RateDeck { deck: DeckId(id), number: version, hash: String::new() }
        }
        RehearsalDraft::Routes { tenant, routes } => {
            Draft::Routes { tenant: TenantId(tenant), routes: routes.into_iter().map(Into::into).collect() }
        }
        RehearsalDraft::CarrierOrder { by } => Draft::CarrierOrder { order: by },
        RehearsalDraft::Carrier { id, change } => {
            let now = carriers::get(app, operator, CarrierId(id)).await?.carrier;
            let settings = Patch::<CarrierSettings>::of(change).apply(&CarrierSettings::from(&now))?;
            Draft::Carrier { carrier: Box::new(settings.into_carrier(now)?.0) }
        }
    })
}

async fn plan_of(
    app: &App,
    operator: &Operator,
    id: PlanId,
    change: Option<Value>,
    version: Option<i32>,
) -> Result<PricePlan, ApiError> {
    let now = plans::get(app, operator, id).await?.plan;
    match (change, version) {
        (Some(change), None) => {
            Ok(Patch::<PlanSettings>::of(change).apply(&PlanSettings::from(&now))?.into_plan(now)?)
        }
        (None, Some(number)) => {
            let known = plans::versions(app, operator, id).await?;
            let version = known.into_iter().find(|version| version.number == number);
            let missing = || ApiError::not_found(format!("the plan has no version {number}")).at("draft");
            Ok(version.ok_or_else(missing)?.plan)
        }
        _ => Err(ApiError::invalid("draft", "give a change of the plan, or one of its versions")),
    }
}

/// The operator's rehearsals, the newest first.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<Rehearsal>)))]
#[get("/api/v1/operator/rehearsals")]
pub(crate) async fn list_operator_rehearsals(
    app: Data<App>,
    operator: Operator,
    params: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    page(&app, &operator, params.0, &request, true).await
}

/// Tries a draft on the past calls of all tenants: each is decided and rated again with it, and compared. It runs by itself; look
/// until its state is `done`. Nothing else changes before it is applied.
#[utoipa::path(tag = "operator", request_body = NewOperatorRehearsal, responses((status = 202, body = Rehearsal)))]
#[post("/api/v1/operator/rehearsals")]
pub(crate) async fn create_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    body: Body<NewOperatorRehearsal>,
) -> ApiResult {
    let NewOperatorRehearsal { since, until, against, draft } = body.0;
    let draft = draft_of(&app, &operator, draft).await?;
    let view = rehearsals::create(&app, &operator, New { draft, against, since, until }).await?;
    Ok(begun("/api/v1/operator/rehearsals", view, true))
}

/// One of the operator's rehearsals.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[get("/api/v1/operator/rehearsals/{id}")]
pub(crate) async fn get_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::get(&app, &operator, rehearsal_id(&id)?).await?, true))
}

/// Deletes one of the operator's rehearsals.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 204)))]
#[delete("/api/v1/operator/rehearsals/{id}")]
pub(crate) async fn delete_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    rehearsals::delete(&app, &operator, rehearsal_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of the operator's rehearsals that waits or is at work.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/operator/rehearsals/{id}:cancel")]
pub(crate) async fn cancel_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::cancel(&app, &operator, rehearsal_id(&id)?).await?, true))
}

/// Applies the draft of a rehearsal that is done, now or at a later time. Where what it changes was changed since it began: now
/// 412, at its time `refused`. What would sell below cost is 409 `BelowCost` until it is confirmed.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), Change), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/operator/rehearsals/{id}:apply")]
pub(crate) async fn apply_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    change: Params<Change>,
) -> ApiResult {
    let view = rehearsals::apply(&app, &operator, rehearsal_id(&id)?, change.0.when()?).await?;
    ok(&Rehearsal::of(view, true))
}

/// Takes a draft back that waits for its time.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/operator/rehearsals/{id}:withdraw")]
pub(crate) async fn withdraw_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::withdraw(&app, &operator, rehearsal_id(&id)?).await?, true))
}

/// Puts back what was there before a draft was applied; 412 where it was changed since.
#[utoipa::path(tag = "operator", params(("id" = Uuid, Path), Confirmation), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/operator/rehearsals/{id}:rollback")]
pub(crate) async fn roll_back_operator_rehearsal(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    confirmation: Params<Confirmation>,
) -> ApiResult {
    let below_cost = confirmation.0.below_cost()?;
    let view = rehearsals::roll_back(&app, &operator, rehearsal_id(&id)?, below_cost).await?;
    ok(&Rehearsal::of(view, true))
}
