//! Health of trunks and carriers: how they are doing, and have been.

use super::{Listing, Operator, PageParams, ok};
use crate::{auth::Caller, error::ApiResult, extract::Params};
use actix_web::{
    HttpRequest, get,
    web::{Data, Path},
};
use app::health::{self, HealthChangeView, HealthView};
use chrono::{DateTime, Utc};
use domain::{
    health::{Health as State, PingStatus, Reason, TlsStatus},
    ids::CarrierId,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_trunk_health).service(get_carrier_health).service(list_carrier_health);
}

/// How a trunk or carrier is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    /// `unknown` (never heard from: it is tried), `online`, `warning`, or `offline` (it is not tried).
    #[schema(value_type = String)]
    status: State,
    /// Why, as a word.
    #[schema(value_type = String)]
    reason: Reason,
    /// Why, as a sentence with its remedy.
    explanation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    ping: Ping,
    tls: Tls,
    overall: Overall,
}

/// How the OPTIONS between us are going.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ping {
    /// `unknown`, `ok`, `expired` or `error`.
    #[schema(value_type = String)]
    status: PingStatus,
    /// When it last answered ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<DateTime<Utc>>,
    /// With which SIP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<u16>,
    /// When its own last arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_at: Option<DateTime<Utc>>,
    /// Answers in a row that it missed.
    missed: u32,
}

/// How the certificate is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tls {
    /// `unknown`, `ok`, `certExpiring` or `certExpired`.
    #[schema(value_type = String)]
    status: TlsStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<DateTime<Utc>>,
}

/// The summary in the words of the Azure protocol.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overall {
    /// `unknown`, `active` or `inactive`.
    status: &'static str,
    /// Why it is inactive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<health::OverallReason>,
}

impl From<HealthView> for Health {
    fn from(view: HealthView) -> Self {
        let ping = view.ping;
        Self {
            status: view.status,
            reason: view.reason,
            explanation: view.explanation,
            since: view.since,
            ping: Ping {
                status: ping.status,
                answered_at: ping.answered_at,
                answer: ping.answer,
                heard_at: ping.heard_at,
                missed: ping.missed,
            },
            tls: Tls { status: view.tls.status, expires_on: view.tls.expires_on },
            overall: Overall { status: view.overall.status, reason: view.overall.reason },
        }
    }
}

/// A change of health.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthChange {
    at: DateTime<Utc>,
    /// How it was.
    #[schema(value_type = String)]
    from: State,
    /// How it was from then on.
    #[schema(value_type = String)]
    to: State,
    /// Why, as a word.
    #[schema(value_type = String)]
    reason: Reason,
    /// Why, as a sentence with its remedy.
    explanation: &'static str,
}

impl From<HealthChangeView> for HealthChange {
    fn from(view: HealthChangeView) -> Self {
        Self { at: view.at, from: view.from, to: view.to, reason: view.reason, explanation: view.explanation }
    }
}

/// How a trunk has been doing: its changes of the last 90 days, newest first.
#[utoipa::path(tag = "trunks", params(PageParams), responses((status = 200, body = Listing<HealthChange>)))]
#[get("/api/v1/trunks/{fqdn}/health")]
pub(crate) async fn list_trunk_health(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = health::trunk_history(&app, &caller, &fqdn, &page.0.request()?).await?;
    ok(&Listing::<HealthChange>::of_page(found, &request))
}

/// How a carrier is doing.
#[utoipa::path(tag = "operator", responses((status = 200, body = Health)))]
#[get("/api/v1/operator/carriers/{id}/health")]
pub(crate) async fn get_carrier_health(app: Data<app::App>, caller: Operator, id: Path<Uuid>) -> ApiResult {
    ok(&Health::from(health::carrier(&app, &caller, CarrierId(*id))?))
}

/// How a carrier has been doing: its changes of the last 90 days, newest first.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<HealthChange>)))]
#[get("/api/v1/operator/carriers/{id}/health/changes")]
pub(crate) async fn list_carrier_health(
    app: Data<app::App>,
    caller: Operator,
    id: Path<Uuid>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = health::carrier_history(&app, &caller, CarrierId(*id), &page.0.request()?).await?;
    ok(&Listing::<HealthChange>::of_page(found, &request))
}
