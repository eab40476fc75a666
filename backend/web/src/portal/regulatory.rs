//! What regulators want of buyers of numbers: a tenant's page on which it shows it, and the operator's on which it is said
//! and judged.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, Operator, PageResult},
    words::{self, At, Badge},
};
use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    post,
    web::{self, Data, Path, PayloadConfig, ServiceConfig},
};
use app::{
    App, Error,
    regulatory::{
        self, EvidenceState, EvidenceView, NewRequirement, RequirementKind, RequirementRule, RequirementView,
    },
};
use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use uuid::Uuid;

/// Largest form with a document, in bytes.
const FORM_MAX_BYTES: usize = 1024 * 1024;
/// The tenant's page.
const PAGE: &str = "/app/numbers/requirements";
/// The operator's page.
const OPERATOR_PAGE: &str = "/operator/regulatory";
/// Kinds of requirements, and how they are called.
const KINDS: [(&str, &str); 3] =
    [("address", "address"), ("identity", "identity"), ("business", "business papers")];

pub(super) fn mount(pages: &mut ServiceConfig) {
    let form = web::resource(PAGE).app_data(PayloadConfig::new(FORM_MAX_BYTES));
    pages.service(form.route(web::get().to(show)).route(web::post().to(submit)));
    pages.service(list).service(add).service(remove).service(judge).service(download);
}

#[derive(Template)]
#[template(path = "numbers/requirements.html")]
struct RequirementsPage {
    shell: Shell,
    rows: Vec<Row>,
    statement: String,
    error: Option<String>,
}

/// A requirement, in words.
struct Row {
    id: Uuid,
    what: String,
    description: String,
    needs_document: bool,
    state: Badge,
    reason: Option<String>,
    is_open: bool,
}

fn what(rule: &RequirementRule) -> String {
    let kind = KINDS.iter().find(|(word, _)| *word == rule.kind.word()).map_or("", |(_, label)| label);
    format!("{} of {}, {kind}", words::number_type(rule.number_type), rule.country)
}

fn badge(state: EvidenceState) -> Badge {
    match state {
        EvidenceState::Missing => Badge::new("warn", "wanted"),
        EvidenceState::Submitted => Badge::new("", "waits"),
        EvidenceState::Approved => Badge::new("good", "met"),
        EvidenceState::Rejected => Badge::new("bad", "rejected"),
    }
}

impl From<RequirementView> for Row {
    fn from(view: RequirementView) -> Self {
        Self {
            id: view.rule.id,
            what: what(&view.rule),
            description: view.rule.description,
            needs_document: view.rule.needs_document,
            state: badge(view.state),
            reason: view.reason,
            is_open: matches!(view.state, EvidenceState::Missing | EvidenceState::Rejected),
        }
    }
}

/// What somebody shows. The document comes as a `data:` address, as a browser reads a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShowForm {
    id: Uuid,
    statement: String,
    document: String,
}

impl ShowForm {
    fn document(&self) -> Result<Option<regulatory::Document>, Error> {
        let text = self.document.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let read = || {
            let (content_type, content) = text.strip_prefix("data:")?.split_once(";base64,")?;
            let bytes = STANDARD.decode(content).ok()?;
            Some(regulatory::Document { content_type: content_type.to_owned(), bytes })
        };
        read()
            .map(Some)
            .ok_or_else(|| Error::invalid("document", "the file could not be read: choose it again"))
    }
}

async fn show(app: Data<App>, member: Member) -> PageResult {
    page(&app, &member, StatusCode::OK, String::new(), None).await
}

/// Shows something to the operator.
async fn submit(app: Data<App>, member: Member, form: Posted<ShowForm>) -> PageResult {
    let form = form.0;
    let shown = match form.document() {
        Ok(document) => regulatory::show(&app, &member.actor, form.id, &form.statement, document).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(()) => Ok(member.go_saying(PAGE, Done::EvidenceShown)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, form.statement, Some(text)).await
        }
    }
}

async fn page(
    app: &App,
    member: &Member,
    status: StatusCode,
    statement: String,
    error: Option<String>,
) -> PageResult {
    let found = regulatory::requirements(app, &member.actor, None).await?;
    let rows = found.into_iter().map(Row::from).collect();
    member
        .page_with(status, &RequirementsPage { shell: member.shell(Place::Numbers), rows, statement, error })
}

#[derive(Template)]
#[template(path = "operator/regulatory.html")]
struct RegulatoryPage {
    shell: Shell,
    rules: Vec<(Uuid, String, String, bool)>,
    shown: Vec<ShownRow>,
    kinds: [(&'static str, &'static str); 3],
    types: [(&'static str, &'static str); 3],
    form: RuleForm,
    error: Option<String>,
}

/// Something that a tenant showed.
struct ShownRow {
    id: Uuid,
    tenant: String,
    what: String,
    statement: String,
    document: bool,
    state: Badge,
    waits: bool,
    at: At,
}

impl From<EvidenceView> for ShownRow {
    fn from(view: EvidenceView) -> Self {
        Self {
            id: view.id,
            tenant: view.tenant.to_string(),
            what: what(&view.rule),
            statement: view.statement,
            document: view.content_type.is_some(),
            state: badge(view.state),
            waits: view.state == EvidenceState::Submitted,
            at: At::from(view.created_at),
        }
    }
}

/// A requirement as somebody types it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RuleForm {
    country: String,
    number_type: String,
    kind: String,
    description: String,
    needs_document: String,
}

/// How something that was shown is judged.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Judgement {
    reject: String,
    reason: String,
}

#[get("/operator/regulatory")]
async fn list(app: Data<App>, operator: Operator) -> PageResult {
    operator_page(&app, &operator, StatusCode::OK, RuleForm::default(), None).await
}

#[post("/operator/regulatory")]
async fn add(app: Data<App>, operator: Operator, form: Posted<RuleForm>) -> PageResult {
    let form = form.0;
    let new = (|| {
        Ok(NewRequirement {
            country: form.country.clone(),
            number_type: form
                .number_type
                .parse()
                .map_err(|_| Error::invalid("type", "choose a type of number"))?,
            kind: RequirementKind::from_word(&form.kind)
                .ok_or_else(|| Error::invalid("kind", "choose what is wanted"))?,
            description: form.description.clone(),
            needs_document: !form.needs_document.is_empty(),
        })
    })();
    let added = match new {
        Ok(new) => regulatory::add_rule(&app, &operator.actor, new).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(_) => Ok(operator.go_saying(OPERATOR_PAGE, Done::RequirementSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            operator_page(&app, &operator, status, form, Some(text)).await
        }
    }
}

#[post("/operator/regulatory/{id}/delete")]
async fn remove(app: Data<App>, operator: Operator, id: Path<Uuid>, _form: Posted<Nothing>) -> PageResult {
    regulatory::drop_rule(&app, &operator.actor, *id).await?;
    Ok(operator.go_saying(OPERATOR_PAGE, Done::RequirementSaved))
}

#[post("/operator/regulatory/evidence/{id}")]
async fn judge(app: Data<App>, operator: Operator, id: Path<Uuid>, form: Posted<Judgement>) -> PageResult {
    let reason = (!form.0.reject.is_empty()).then_some(form.0.reason.as_str());
    match regulatory::judge(&app, &operator.actor, *id, reason).await {
        Ok(()) => Ok(operator.go_saying(OPERATOR_PAGE, Done::EvidenceJudged)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            operator_page(&app, &operator, status, RuleForm::default(), Some(text)).await
        }
    }
}

/// A document, to be saved: it is never shown in our own pages.
#[get("/operator/regulatory/evidence/{id}/document")]
async fn download(app: Data<App>, operator: Operator, id: Path<Uuid>) -> PageResult {
    let found = regulatory::document(&app, &operator.actor, *id).await?;
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok().content_type(found.content_type).insert_header(disposition).body(found.bytes))
}

async fn operator_page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: RuleForm,
    error: Option<String>,
) -> PageResult {
    let rules = regulatory::rules(app, &operator.actor).await?;
    let shown = regulatory::evidence(app, &operator.actor, false).await?;
    let page = RegulatoryPage {
        shell: operator.shell(Place::Eligibility),
        rules: rules
            .into_iter()
            .map(|rule| (rule.id, what(&rule), rule.description, rule.needs_document))
            .collect(),
        shown: shown.into_iter().map(ShownRow::from).collect(),
        kinds: KINDS,
        types: [("geographic", "geographic"), ("mobile", "mobile"), ("tollFree", "toll-free")],
        form,
        error,
    };
    operator.page_with(status, &page)
}
