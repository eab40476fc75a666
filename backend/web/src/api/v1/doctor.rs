//! The trunk doctor: everything about a trunk tried in one action, and the requests of its SBC as they come in.

use super::{created, ok};
use crate::{auth::Caller, error::ApiResult, extract::Body};
use actix_web::{
    get, post,
    web::{Data, Path},
};
use app::doctor::{self, Finding, FindingState, HeardView, ListeningView, Order, RuleView, Topic};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(examine_trunk).service(get_report).service(listen_for_trunk).service(get_heard);
}

/// What to try.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Examination {
    /// A number behind the trunk that answers by itself and echoes what it hears. Without it no call is made.
    echo_number: Option<String>,
    /// The caller id of the test calls; anonymous where it is not said.
    from: Option<String>,
    /// Whether each codec, and encrypted and plain media, are tried on their own, with a call for each.
    codecs: bool,
}

/// What was found about a trunk so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkReport {
    id: Uuid,
    fqdn: String,
    echo_number: Option<String>,
    started_at: DateTime<Utc>,
    /// Missing while the examination goes on.
    ended_at: Option<DateTime<Utc>>,
    /// `passed`, `warning` or `failed`: the worst of the findings.
    #[schema(value_type = String)]
    worst: FindingState,
    findings: Vec<TrunkFinding>,
}

/// One thing that was tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrunkFinding {
    /// `settings`, `dns`, `connect`, `certificate`, `options`, `invite`, `audio`, `dtmf`, `hold`, `sessionTimer`, `codec`
    /// or `srtp`.
    #[schema(value_type = String)]
    topic: Topic,
    /// `passed`, `warning`, `failed` or `skipped`.
    #[schema(value_type = String)]
    state: FindingState,
    /// What was seen.
    said: String,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u64>,
    /// The test call, whose trace has all messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
}

impl From<doctor::Report> for TrunkReport {
    fn from(report: doctor::Report) -> Self {
        Self {
            id: report.id,
            worst: report.worst(),
            fqdn: report.fqdn,
            echo_number: report.echo,
            started_at: report.started_at,
            ended_at: report.ended_at,
            findings: report.findings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Finding> for TrunkFinding {
    fn from(finding: Finding) -> Self {
        Self {
            topic: finding.topic,
            state: finding.state,
            said: finding.said,
            remedy: finding.remedy,
            took_ms: finding.took_ms,
            call_id: finding.call_id.map(|id| id.to_string()),
        }
    }
}

/// What is listened for, and what was heard.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listening {
    /// Until when; missing where nobody listens for this trunk.
    until: Option<DateTime<Utc>>,
    /// Requests that may be meant for the trunk, newest first.
    heard: Vec<HeardRequest>,
}

/// A request that may be meant for the trunk, and which rule recognised or refused it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeardRequest {
    at: DateTime<Utc>,
    method: String,
    source: String,
    transport: String,
    /// User and host of the Request-URI.
    request: String,
    /// User and host of From.
    from: String,
    contact: Option<String>,
    /// Names of the certificate that was shown.
    certificate: Vec<String>,
    /// `trunk`, `other`, `challenged`, `refused` or `stranger`.
    outcome: String,
    said: String,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    rules: Vec<HeardRule>,
}

/// One rule of "who is calling", as it looks from the trunk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeardRule {
    /// `certificate`, `addressAndPort`, `domain` or `address`.
    rule: String,
    fits: bool,
    said: String,
}

impl From<ListeningView> for Listening {
    fn from(view: ListeningView) -> Self {
        Self { until: view.until, heard: view.heard.into_iter().map(Into::into).collect() }
    }
}

impl From<HeardView> for HeardRequest {
    fn from(heard: HeardView) -> Self {
        Self {
            at: heard.at,
            method: heard.method,
            source: heard.source,
            transport: heard.transport,
            request: heard.request,
            from: heard.from,
            contact: heard.contact,
            certificate: heard.certificate,
            outcome: heard.outcome.to_owned(),
            said: heard.said,
            remedy: heard.remedy,
            rules: heard.rules.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RuleView> for HeardRule {
    fn from(rule: RuleView) -> Self {
        Self { rule: rule.rule.to_owned(), fits: rule.fits, said: rule.said }
    }
}

/// Tries everything about a trunk: DNS, connection, certificate, OPTIONS, and with an echo number calls with audio, a key,
/// hold, session timers, each codec, and SRTP on and off. Answers at once; the report grows. Test calls are recorded and cost nothing.
#[utoipa::path(tag = "trunks", request_body = Examination, responses((status = 201, body = TrunkReport)))]
#[post("/api/v1/trunks/{fqdn}:examine")]
pub(crate) async fn examine_trunk(
    app: Data<app::App>,
    caller: Caller,
    fqdn: Path<String>,
    body: Body<Examination>,
) -> ApiResult {
    let Examination { echo_number, from, codecs } = body.0;
    let report = doctor::examine(&app, &caller, &fqdn, Order { echo: echo_number, from, codecs }).await?;
    let location = format!("/api/v1/trunks/{}/reports/{}", report.fqdn, report.id);
    Ok(created(&location, &TrunkReport::from(report)))
}

/// A report, as far as it is. Reports are kept in memory, the newest 256 of the node.
#[utoipa::path(tag = "trunks", responses((status = 200, body = TrunkReport)))]
#[get("/api/v1/trunks/{fqdn}/reports/{id}")]
pub(crate) async fn get_report(app: Data<app::App>, caller: Caller, path: Path<(String, Uuid)>) -> ApiResult {
    let (fqdn, id) = path.into_inner();
    ok(&TrunkReport::from(doctor::get(&app, &caller, &fqdn, id).await?))
}

/// Listens for requests of a trunk's SBC, for ten minutes.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Listening)))]
#[post("/api/v1/trunks/{fqdn}:listen")]
pub(crate) async fn listen_for_trunk(app: Data<app::App>, caller: Caller, fqdn: Path<String>) -> ApiResult {
    ok(&Listening::from(doctor::listen(&app, &caller, &fqdn).await?))
}

/// What was heard for a trunk.
#[utoipa::path(tag = "trunks", responses((status = 200, body = Listening)))]
#[get("/api/v1/trunks/{fqdn}/heard")]
pub(crate) async fn get_heard(app: Data<app::App>, caller: Caller, fqdn: Path<String>) -> ApiResult {
    ok(&Listening::from(doctor::listening(&app, &caller, &fqdn).await?))
}
