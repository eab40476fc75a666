//! The trunk doctor's page: the report of an examination as it grows, and what the SBC sends as it comes in.

use super::{
    error,
    page::{Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult},
    words::{At, Badge},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App,
    doctor::{self, Finding, FindingState, HeardView, ListeningView, Order, Report, Topic},
};
use askama::Template;
use serde::Deserialize;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(examine).service(listen);
}

#[derive(Template)]
#[template(path = "trunks/doctor.html")]
struct DoctorPage {
    shell: Shell,
    fqdn: String,
    form: DoctorForm,
    error: Option<String>,
    report: Option<ReportPart>,
    until: Option<At>,
    heard: Vec<HeardRow>,
    /// Whether the page should be read again in a moment.
    is_moving: bool,
}

/// What somebody types.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DoctorForm {
    echo: String,
    from: String,
    codecs: String,
}

/// A report.
struct ReportPart {
    at: At,
    verdict: Badge,
    is_running: bool,
    findings: Vec<FindingRow>,
}

/// A finding.
struct FindingRow {
    topic: &'static str,
    state: Badge,
    said: String,
    remedy: String,
    took: String,
    call: Option<String>,
}

/// A request that was heard.
struct HeardRow {
    at: At,
    head: String,
    outcome: Badge,
    said: String,
    remedy: String,
    lines: Vec<(&'static str, String)>,
    rules: Vec<(&'static str, Badge, String)>,
}

#[get("/app/trunks/{fqdn}/doctor")]
pub(super) async fn show(app: Data<App>, member: Member, fqdn: Path<String>) -> PageResult {
    let page = page(&app, &member, &fqdn, DoctorForm::default(), None).await?;
    member.page(&page)
}

#[post("/app/trunks/{fqdn}/doctor")]
pub(super) async fn examine(
    app: Data<App>,
    member: Member,
    fqdn: Path<String>,
    form: Posted<DoctorForm>,
) -> PageResult {
    let form = form.0;
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let order = Order { echo: text(&form.echo), from: text(&form.from), codecs: !form.codecs.is_empty() };
    match doctor::examine(&app, &member.actor, &fqdn, order).await {
        Ok(report) => Ok(member.go(&format!("/app/trunks/{}/doctor", report.fqdn))),
        Err(failed) => {
            let (status, text): (StatusCode, String) = error::of_form(failed)?;
            let page = page(&app, &member, &fqdn, form, Some(text)).await?;
            member.page_with(status, &page)
        }
    }
}

#[post("/app/trunks/{fqdn}/listen")]
pub(super) async fn listen(
    app: Data<App>,
    member: Member,
    fqdn: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    doctor::listen(&app, &member.actor, &fqdn).await?;
    Ok(member.go(&format!("/app/trunks/{fqdn}/doctor#heard")))
}

async fn page(
    app: &App,
    member: &Member,
    fqdn: &str,
    form: DoctorForm,
    error: Option<String>,
) -> Result<DoctorPage, app::Error> {
    let report = doctor::latest(app, &member.actor, fqdn).await?;
    let ListeningView { until, heard } = doctor::listening(app, &member.actor, fqdn).await?;
    let is_running = report.as_ref().is_some_and(|report| report.ended_at.is_none());
    Ok(DoctorPage {
        shell: member.shell(Place::Trunks),
        fqdn: fqdn.to_owned(),
        is_moving: error.is_none() && (is_running || until.is_some()),
        form,
        error,
        report: report.map(ReportPart::from),
        until: until.map(At::from),
        heard: heard.into_iter().map(HeardRow::from).collect(),
    })
}

impl From<Report> for ReportPart {
    fn from(report: Report) -> Self {
        let is_running = report.ended_at.is_none();
        let verdict = match report.worst() {
            _ if is_running => Badge::new("", "being examined"),
            FindingState::Failed => Badge::new("bad", "calls will fail"),
            FindingState::Warning => Badge::new("warn", "works, with reservations"),
            FindingState::Passed | FindingState::Skipped => Badge::new("good", "as it should be"),
        };
        let findings = report.findings.into_iter().map(FindingRow::from).collect();
        Self { at: report.started_at.into(), verdict, is_running, findings }
    }
}

impl From<Finding> for FindingRow {
    fn from(finding: Finding) -> Self {
        Self {
            topic: match finding.topic {
                Topic::Settings => "Settings",
                Topic::Dns => "DNS",
                Topic::Connect => "Connection",
                Topic::Certificate => "Certificate",
                Topic::Options => "OPTIONS",
                Topic::Invite => "Test call",
                Topic::Audio => "Audio",
                Topic::Dtmf => "DTMF",
                Topic::Hold => "Hold",
                Topic::SessionTimer => "Session timer",
                Topic::Codec => "Codec",
                Topic::Srtp => "SRTP",
            },
            state: match finding.state {
                FindingState::Passed => Badge::new("good", "passed"),
                FindingState::Warning => Badge::new("warn", "warning"),
                FindingState::Failed => Badge::new("bad", "failed"),
                FindingState::Skipped => Badge::new("", "not tried"),
            },
            said: finding.said,
            remedy: finding.remedy.unwrap_or_default(),
            took: finding.took_ms.map(|took| format!("{took} ms")).unwrap_or_default(),
            call: finding.call_id.map(|id| id.to_string()),
        }
    }
}

impl From<HeardView> for HeardRow {
    fn from(heard: HeardView) -> Self {
        let outcome = match heard.outcome {
            "trunk" => Badge::new("good", "recognised"),
            "challenged" | "other" => Badge::new("warn", heard.outcome),
            other => Badge::new("bad", other),
        };
        let mut lines = vec![("Request-URI", heard.request), ("From", heard.from)];
        lines.extend(heard.contact.map(|contact| ("Contact", contact)));
        if !heard.certificate.is_empty() {
            lines.push(("Certificate", heard.certificate.join(", ")));
        }
        let rules = heard.rules.into_iter().map(|rule| {
            let name = match rule.rule {
                "certificate" => "certificate",
                "addressAndPort" => "address and port",
                "domain" => "domain",
                _ => "address",
            };
            let fits = if rule.fits { Badge::new("good", "fits") } else { Badge::new("", "does not fit") };
            (name, fits, rule.said)
        });
        Self {
            at: heard.at.into(),
            head: format!("{} from {} over {}", heard.method, heard.source, heard.transport.to_uppercase()),
            outcome,
            said: heard.said,
            remedy: heard.remedy.unwrap_or_default(),
            lines,
            rules: rules.collect(),
        }
    }
}
