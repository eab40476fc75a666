//! Voice routes, with all that `/sip` has no words for.

use super::{Listing, created, ok};
use crate::{
    api::schema::{NumberRewrites, TimeWindow},
    auth::Caller,
    error::ApiResult,
    extract::{Body, Patch},
};
use actix_web::{
    HttpResponse, delete, get, patch, post, put,
    web::{Data, Path},
};
use app::{
    Error,
    routes::{self, Tested, Verdict},
};
use chrono::{DateTime, Utc};
use domain::{
    config::Window,
    routing::{Rewrites, RouteOrder, RouteTarget, VoiceRoute},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(list_routes)
        .service(create_route)
        .service(replace_routes)
        .service(test_routes)
        .service(get_route)
        .service(update_route)
        .service(delete_route);
}

/// A trunk of a route; its FQDN alone does, too.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "serde_json::Value")]
#[schema(as = RouteTarget)]
pub(crate) struct Target {
    fqdn: String,
    /// Lower ones are tried first; 0 where it is left out.
    priority: u16,
    /// Its share among those of equal priority; 1 where it is left out, 0 comes last.
    weight: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeTarget {
    fqdn: String,
    #[serde(default)]
    priority: u16,
    #[serde(default = "one")]
    weight: u16,
}

const fn one() -> u16 {
    1
}

impl TryFrom<serde_json::Value> for Target {
    type Error = String;
    fn try_from(json: serde_json::Value) -> Result<Self, String> {
        if let serde_json::Value::String(fqdn) = json {
            return Ok(Self { fqdn, priority: 0, weight: 1 });
        }
        let WholeTarget { fqdn, priority, weight } = serde_json::from_value(json).map_err(|error| {
            format!("{error}: give a trunk by its FQDN, or {{\"fqdn\", \"priority\", \"weight\"}}")
        })?;
        Ok(Self { fqdn, priority, weight })
    }
}

/// A voice route: numbers that match the pattern go to its trunks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VoiceRoute)]
pub(crate) struct Route {
    /// 1 is asked first; the last where a new route names none. In a whole list the order of the list counts.
    #[serde(default)]
    position: Option<usize>,
    /// Unique in the tenant, 1 to 256 characters.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// A regular expression over the number with its `+`.
    #[serde(default)]
    number_pattern: String,
    #[serde(default)]
    targets: Vec<Target>,
    /// The caller id to show instead of the caller's.
    #[serde(default)]
    caller_id_override: Option<String>,
    /// In which order trunks of equal priority are tried: `listed`, `shuffle` or `weighted`.
    #[schema(value_type = String)]
    #[serde(default)]
    order: RouteOrder,
    /// The final statuses on which the next trunk is tried, 400 to 599; what the trunk says where it is null.
    #[serde(default)]
    failover_on: Option<Vec<u16>>,
    /// When it matches; empty is always.
    #[schema(value_type = Vec<TimeWindow>)]
    #[serde(default)]
    windows: Vec<Window>,
    /// Number manipulation of calls that it matches, before that of the trunk.
    #[schema(value_type = NumberRewrites)]
    #[serde(default)]
    rewrites: Rewrites,
}

impl From<Route> for VoiceRoute {
    fn from(route: Route) -> Self {
        let target = |target: Target| RouteTarget {
            fqdn: target.fqdn,
            priority: target.priority,
            weight: target.weight,
        };
        Self {
            name: route.name.trim().to_owned(),
            description: route.description,
            number_pattern: route.number_pattern,
            targets: route.targets.into_iter().map(target).collect(),
            caller_id_override: route.caller_id_override,
            order: route.order,
            failover_on: route.failover_on,
            windows: route.windows,
            rewrites: route.rewrites,
        }
    }
}

impl Route {
    fn new(index: usize, route: &VoiceRoute) -> Self {
        let target = |target: &RouteTarget| Target {
            fqdn: target.fqdn.clone(),
            priority: target.priority,
            weight: target.weight,
        };
        Self {
            position: Some(index + 1),
            name: route.name.clone(),
            description: route.description.clone(),
            number_pattern: route.number_pattern.clone(),
            targets: route.targets.iter().map(target).collect(),
            caller_id_override: route.caller_id_override.clone(),
            order: route.order,
            failover_on: route.failover_on.clone(),
            windows: route.windows.clone(),
            rewrites: route.rewrites.clone(),
        }
    }
}

/// All routes, in order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VoiceRoutes)]
pub(crate) struct Routes {
    /// In the order in which they are asked, 250 at most.
    value: Vec<Route>,
}

/// The tenant's voice routes, in the order in which they are asked.
#[utoipa::path(tag = "routes", responses((status = 200, body = Listing<Route>)))]
#[get("/api/v1/routes")]
pub(crate) async fn list_routes(app: Data<app::App>, caller: Caller) -> ApiResult {
    ok(&listing(&routes::list(&app, &caller).await?))
}

/// Puts these routes into the place of all that there are.
#[utoipa::path(tag = "routes", request_body = Routes, responses((status = 200, body = Listing<Route>)))]
#[put("/api/v1/routes")]
pub(crate) async fn replace_routes(app: Data<app::App>, caller: Caller, body: Body<Routes>) -> ApiResult {
    let wanted: Vec<VoiceRoute> = body.0.value.into_iter().map(Into::into).collect();
    let after =
        routes::change(&app, &caller, |_| Ok(wanted.clone())).await.map_err(|error| at(error, "value."))?;
    ok(&listing(&after))
}

/// Adds a voice route, at its position or as the last one.
#[utoipa::path(tag = "routes", request_body = Route, responses((status = 201, body = Route)))]
#[post("/api/v1/routes")]
pub(crate) async fn create_route(app: Data<app::App>, caller: Caller, body: Body<Route>) -> ApiResult {
    let wanted = body.0.clone();
    let name = wanted.name.trim().to_owned();
    let after = routes::change(&app, &caller, |mut all| {
        if all.iter().any(|route| route.name == name) {
            return Err(Error::conflict(
                "name",
                "there is a route of that name already: PATCH it, or choose another",
            ));
        }
        let place = place(wanted.position, all.len())?;
        all.insert(place, wanted.clone().into());
        Ok(all)
    })
    .await
    .map_err(own)?;
    let made = find(&after, &name)?;
    let path: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    Ok(created(&format!("/api/v1/routes/{}", path.replace('+', "%20")), &made))
}

/// One voice route, by its name.
#[utoipa::path(tag = "routes", responses((status = 200, body = Route)))]
#[get("/api/v1/routes/{name}")]
pub(crate) async fn get_route(app: Data<app::App>, caller: Caller, name: Path<String>) -> ApiResult {
    ok(&find(&routes::list(&app, &caller).await?, &name)?)
}

/// Changes a voice route: what is left out stays, `null` takes away, another position moves it.
#[utoipa::path(tag = "routes",
    request_body(content = Route, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Route)))]
#[patch("/api/v1/routes/{name}")]
pub(crate) async fn update_route(
    app: Data<app::App>,
    caller: Caller,
    name: Path<String>,
    change: Patch<Route>,
) -> ApiResult {
    let renamed = std::cell::RefCell::new(name.to_string());
    let after = routes::change(&app, &caller, |mut all| {
        let index = all.iter().position(|route| route.name == **name).ok_or_else(no_route)?;
        let wanted = change.apply(&Route::new(index, &all[index]))?;
        all.remove(index);
        let place = place(wanted.position, all.len())?;
        let route = VoiceRoute::from(wanted);
        renamed.replace(route.name.clone());
        all.insert(place, route);
        Ok(all)
    })
    .await
    .map_err(own)?;
    let name = renamed.into_inner();
    ok(&find(&after, &name)?)
}

/// Deletes a voice route.
#[utoipa::path(tag = "routes", responses((status = 204)))]
#[delete("/api/v1/routes/{name}")]
pub(crate) async fn delete_route(app: Data<app::App>, caller: Caller, name: Path<String>) -> ApiResult {
    routes::change(&app, &caller, |mut all| {
        let index = all.iter().position(|route| route.name == **name).ok_or_else(no_route)?;
        all.remove(index);
        Ok(all)
    })
    .await
    .map_err(own)?;
    Ok(HttpResponse::NoContent().finish())
}

/// A number to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteTest {
    /// In full, with its `+`.
    to: String,
    /// When; now where it is left out.
    at: Option<DateTime<Utc>>,
    /// Routes to try instead of those that are set.
    routes: Option<Vec<Route>>,
}

/// What one route makes of a number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RouteVerdict {
    /// 1 is asked first.
    position: usize,
    name: String,
    /// `takes`, `noTrunk` (it matches, and no trunk of it can be tried), `closed` (it matches at other times) or
    /// `passes`.
    verdict: &'static str,
    /// The same in a sentence.
    why: String,
}

impl From<Tested> for RouteVerdict {
    fn from(tested: Tested) -> Self {
        let verdict = match tested.verdict {
            Verdict::Takes => "takes",
            Verdict::NoTrunk => "noTrunk",
            Verdict::Closed => "closed",
            Verdict::Passes => "passes",
        };
        Self { position: tested.index + 1, name: tested.route.name, verdict, why: tested.why }
    }
}

/// Says what each voice route makes of a number, and why. Nothing is changed.
#[utoipa::path(tag = "routes", request_body = RouteTest, responses((status = 200, body = Listing<RouteVerdict>)))]
#[post("/api/v1/routes:test")]
pub(crate) async fn test_routes(app: Data<app::App>, caller: Caller, body: Body<RouteTest>) -> ApiResult {
    let RouteTest { to, at, routes: given } = body.0;
    let given = given.map(|all| all.into_iter().map(Into::into).collect());
    let at = at.unwrap_or_else(|| app.now());
    let tested = routes::test(&app, &caller, &to, at, given).await?;
    ok(&Listing::<RouteVerdict>::whole(tested.into_iter().map(Into::into).collect()))
}

fn listing(all: &[VoiceRoute]) -> Listing<Route> {
    Listing::whole(all.iter().enumerate().map(|(index, route)| Route::new(index, route)).collect())
}

fn find(all: &[VoiceRoute], name: &str) -> Result<Route, Error> {
    let index = all.iter().position(|route| route.name == name).ok_or_else(no_route)?;
    Ok(Route::new(index, &all[index]))
}

/// The index of a position among `others`.
fn place(position: Option<usize>, others: usize) -> Result<usize, Error> {
    match position {
        None => Ok(others),
        Some(position) if (1..=others + 1).contains(&position) => Ok(position - 1),
        Some(_) => Err(Error::invalid("position", format!("give a position from 1 to {}", others + 1))),
    }
}

fn no_route() -> Error {
    Error::not_found("name", "there is no such route: GET /api/v1/routes lists yours")
}

/// An error of a list, for whoever sent one route alone: `numberPattern` instead of `routes.2.numberPattern`.
fn own(error: Error) -> Error {
    retarget(error, |target| {
        let rest = target.strip_prefix("routes.")?;
        rest.split_once('.').map(|(_, field)| field.to_owned())
    })
}

/// An error of a list, under the name that the list has in the request.
fn at(error: Error, prefix: &str) -> Error {
    retarget(error, |target| target.strip_prefix("routes.").map(|rest| format!("{prefix}{rest}")))
}

fn retarget(error: Error, name: impl Fn(&str) -> Option<String>) -> Error {
    match error {
        Error::Invalid { status, code, message, target: Some(target), inner } => {
            let target = Some(name(&target).unwrap_or(target));
            Error::Invalid { status, code, message, target, inner }
        }
        other => other,
    }
}
