//! Rehearsals: a draft is tried on past calls, then applied, scheduled or rolled back. A tenant rehearses its own routes.

mod body;
mod of_operator;

use super::{Listing, PageParams, link, ok, routes::Route};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::header::LOCATION,
    post,
    web::{Data, Path},
};
use app::{
    App,
    plans::When,
    rehearsals::{self, Against, Draft, New, RehearsalView},
};
use body::Rehearsal;
use chrono::{DateTime, Utc};
use domain::access::Actor;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_rehearsals)
        .service(create_rehearsal)
        .service(get_rehearsal)
        .service(delete_rehearsal)
        .service(cancel_rehearsal)
        .service(apply_rehearsal)
        .service(withdraw_rehearsal)
        .service(roll_back_rehearsal);
    of_operator::mount(routes);
}

/// Which calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z",
    "routes": [{"name": "all", "numberPattern": "^\\+", "targets": ["sbc.example.com"]}]}))]
pub(crate) struct NewRehearsal {
    /// Attempts from here on.
    since: DateTime<Utc>,
    /// And before this; 31 days at most.
    until: DateTime<Utc>,
    /// `recorded`: the draft is put into the configuration as it was at each call, and compared with what happened; `today`: each
    /// call is decided on the configuration of today, with the draft and without.
    #[serde(default)]
    #[schema(value_type = String, default = "recorded")]
    against: Against,
    /// All routes, in order, as they would be.
    routes: Vec<Route>,
}

/// When a draft comes into force.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(crate) struct EffectiveAt {
    /// From when on it is in force; now where it is left out.
    effective_at: Option<DateTime<Utc>>,
}

async fn page(
    app: &App,
    actor: &Actor,
    params: PageParams,
    request: &HttpRequest,
    has_costs: bool,
) -> ApiResult {
    let page = rehearsals::list(app, actor, &params.request()?).await?;
    let next_link = page.next.map(|after| link(request, &after));
    let value = page.value.into_iter().map(|view| Rehearsal::of(view, has_costs)).collect();
    ok(&Listing { value, next_link })
}

/// 202, and where it is.
fn begun(root: &str, view: RehearsalView, has_costs: bool) -> HttpResponse {
    let location = format!("{root}/{}", view.id);
    HttpResponse::Accepted().insert_header((LOCATION, location)).json(Rehearsal::of(view, has_costs))
}

fn rehearsal_id(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no rehearsal {text:?}")).at("id"))
}

/// The tenant's rehearsals, the newest first.
#[utoipa::path(tag = "routes", params(PageParams), responses((status = 200, body = Listing<Rehearsal>)))]
#[get("/api/v1/rehearsals")]
pub(crate) async fn list_rehearsals(
    app: Data<App>,
    caller: Caller,
    params: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    page(&app, &caller, params.0, &request, false).await
}

/// Tries routes on past calls: each is decided again with these routes in the place of the tenant's, and compared. It runs by
/// itself; look until its state is `done`. Nothing else changes before it is applied.
#[utoipa::path(tag = "routes", request_body = NewRehearsal, responses((status = 202, body = Rehearsal)))]
#[post("/api/v1/rehearsals")]
pub(crate) async fn create_rehearsal(app: Data<App>, caller: Caller, body: Body<NewRehearsal>) -> ApiResult {
    let NewRehearsal { since, until, against, routes } = body.0;
    let tenant = caller.tenant.ok_or_else(|| ApiError::not_found("only a tenant has routes to rehearse"))?;
    let draft = Draft::Routes { tenant, routes: routes.into_iter().map(Into::into).collect() };
    let view = rehearsals::create(&app, &caller, New { draft, against, since, until }).await?;
    Ok(begun("/api/v1/rehearsals", view, false))
}

/// One rehearsal.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[get("/api/v1/rehearsals/{id}")]
pub(crate) async fn get_rehearsal(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::get(&app, &caller, rehearsal_id(&id)?).await?, false))
}

/// Deletes a rehearsal.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path)), responses((status = 204)))]
#[delete("/api/v1/rehearsals/{id}")]
pub(crate) async fn delete_rehearsal(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    rehearsals::delete(&app, &caller, rehearsal_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends a rehearsal that waits or is at work.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/rehearsals/{id}:cancel")]
pub(crate) async fn cancel_rehearsal(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::cancel(&app, &caller, rehearsal_id(&id)?).await?, false))
}

/// Applies the routes of a rehearsal that is done, now or at a later time. Where the routes were changed since it began: now 412,
/// at its time `refused` and an event.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path), EffectiveAt), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/rehearsals/{id}:apply")]
pub(crate) async fn apply_rehearsal(
    app: Data<App>,
    caller: Caller,
    id: Path<String>,
    at: Params<EffectiveAt>,
) -> ApiResult {
    let when = When { effective_at: at.0.effective_at, below_cost: false };
    ok(&Rehearsal::of(rehearsals::apply(&app, &caller, rehearsal_id(&id)?, when).await?, false))
}

/// Takes routes back that wait for their time.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/rehearsals/{id}:withdraw")]
pub(crate) async fn withdraw_rehearsal(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::withdraw(&app, &caller, rehearsal_id(&id)?).await?, false))
}

/// Puts the routes back that were there before a rehearsal's were applied; 412 where they were changed since.
#[utoipa::path(tag = "routes", params(("id" = Uuid, Path)), responses((status = 200, body = Rehearsal)))]
#[post("/api/v1/rehearsals/{id}:rollback")]
pub(crate) async fn roll_back_rehearsal(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Rehearsal::of(rehearsals::roll_back(&app, &caller, rehearsal_id(&id)?, false).await?, false))
}
