//! Calls: what would happen, what happened, ending one, and being called by the sandbox.

#![expect(
    unused_qualifications,
    reason = "the macro of the OpenAPI document writes them for several parameters"
)]

mod trace;
mod view;

use super::{Listing, PageParams, created, ok};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Path},
};
use app::calls::{self, CallFilter, CallState};
use chrono::{DateTime, Utc};
use domain::{
    cause::{Cause, Direction},
    ids::CallId,
};
use serde::{Deserialize, Serialize};
pub(crate) use trace::capture;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use view::{Call, Simulation};

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes
        .service(simulate_call)
        .service(list_calls)
        .service(trace::get_trace)
        .service(get_call)
        .service(end_call)
        .service(create_sandbox_call);
}

/// A call that nobody makes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "+12125550100", "to": "+12065550100", "source": "app"}))]
pub(crate) struct Hypothesis {
    /// The caller id; left out, it is anonymous.
    from: Option<String>,
    /// What is dialled: a number, or the name of a SIP user.
    to: String,
    source: Source,
}

/// Where the call comes from: `"app"` (a SIP user or an app), `{"trunk": "<fqdn>"}` or `"pstn"`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallSource)]
pub(crate) enum Source {
    App,
    Trunk(String),
    Pstn,
}

impl From<Source> for calls::SimulationSource {
    fn from(source: Source) -> Self {
        match source {
            Source::App => Self::App,
            Source::Trunk(fqdn) => Self::Trunk(fqdn),
            Source::Pstn => Self::Pstn,
        }
    }
}

/// What would happen to a call: the live decision on hypothetical facts.
#[utoipa::path(tag = "calls", request_body = Hypothesis, responses((status = 200, body = Simulation)))]
#[post("/api/v1/calls:simulate")]
pub(crate) async fn simulate_call(app: Data<app::App>, caller: Caller, body: Body<Hypothesis>) -> ApiResult {
    let Hypothesis { from, to, source } = body.0;
    let call = calls::Simulation { from, to, source: source.into() };
    ok(&Simulation::from(calls::simulate(&app, &caller, &call).await?))
}

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Started at this time or later.
    since: Option<DateTime<Utc>>,
    /// Started before this time.
    until: Option<DateTime<Utc>>,
    /// Calling or called number.
    number: Option<String>,
    /// The trunk it came from or went to.
    trunk: Option<String>,
    /// `inbound` or `outbound`.
    #[param(value_type = Option<String>)]
    direction: Option<Direction>,
    /// How it ended: a cause word such as `normal-clearing` or `busy`.
    outcome: Option<String>,
    /// `live` or `ended`.
    state: Option<String>,
}

impl TryFrom<Which> for CallFilter {
    type Error = ApiError;
    fn try_from(which: Which) -> Result<Self, ApiError> {
        let cause = |word: String| {
            let message = format!("outcome: {word:?} is no cause word, such as normal-clearing or busy");
            Cause::from_word(&word).ok_or_else(|| ApiError::invalid("outcome", message))
        };
        let state = |word: String| match word.as_str() {
            "live" => Ok(CallState::Live),
            "ended" => Ok(CallState::Ended),
            _ => Err(ApiError::invalid("state", "state: live or ended")),
        };
        Ok(Self {
            since: which.since,
            until: which.until,
            number: which.number,
            trunk: which.trunk,
            direction: which.direction,
            cause: which.outcome.map(cause).transpose()?,
            state: which.state.map(state).transpose()?,
        })
    }
}

/// Calls, newest first, live ones among them.
#[utoipa::path(tag = "calls", params(Which, PageParams), responses((status = 200, body = Listing<Call>)))]
#[get("/api/v1/calls")]
pub(crate) async fn list_calls(
    app: Data<app::App>,
    caller: Caller,
    which: Params<Which>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = calls::list(&app, &caller, &which.0.try_into()?, &page.0.request()?).await?;
    ok(&Listing::<Call>::of_page(page, &request))
}

/// One call, with its legs and its decision.
#[utoipa::path(tag = "calls", responses((status = 200, body = Call)))]
#[get("/api/v1/calls/{id}")]
pub(crate) async fn get_call(app: Data<app::App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Call::from(calls::get(&app, &caller, call_id(&id)?).await?))
}

/// Ends a live call.
#[utoipa::path(tag = "calls", responses((status = 204, description = "The call is being ended")))]
#[delete("/api/v1/calls/{id}")]
pub(crate) async fn end_call(app: Data<app::App>, caller: Caller, id: Path<String>) -> ApiResult {
    calls::end(&app, &caller, call_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who is to call, and whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxCall {
    /// Any number.
    from: String,
    /// An owned number.
    to: String,
}

/// The record of the call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SandboxCallMade {
    call_id: Uuid,
}

/// Has the simulated PSTN call an owned number: it plays a tone and echoes what it hears.
#[utoipa::path(tag = "calls", request_body = SandboxCall, responses((status = 201, body = SandboxCallMade)))]
#[post("/api/v1/sandbox/calls")]
pub(crate) async fn create_sandbox_call(
    app: Data<app::App>,
    caller: Caller,
    body: Body<SandboxCall>,
) -> ApiResult {
    let id = calls::sandbox_call(&app, &caller, &body.0.from, &body.0.to).await?;
    Ok(created(&format!("/api/v1/calls/{id}"), &SandboxCallMade { call_id: id.0 }))
}

fn call_id(text: &str) -> Result<CallId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no call {text:?}")).at("id"))
}
