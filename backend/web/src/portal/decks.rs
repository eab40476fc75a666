//! The operator's rate decks: a file, what it would change, and the versions that were in force.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    rehearsals,
    visit::{Operator, PageResult},
    words::{self, At},
};
use actix_web::{
    HttpResponse, get,
    http::{StatusCode, header::CONTENT_DISPOSITION},
    post,
    web::{self, Data, Path, PayloadConfig, Query, ServiceConfig},
};
use app::{
    App, Error,
    decks::{self, DeckKind, DeckView, NewDeck, Preview, VersionView},
    rehearsals::Draft,
};
use askama::Template;
use chrono::{DateTime, Utc};
use domain::{
    deck::{Change, Changes},
    ids::DeckId,
    money::{Currency, Money},
};
use serde::Deserialize;

/// The page.
const PAGE: &str = "/operator/decks";
/// Bytes of a form with a file at most; larger ones come over the API.
const FORM_MAX_BYTES: usize = 24 * 1024 * 1024;
/// Changes of a kind on the page.
const SHOWN_MAX: usize = 50;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(create);
    let upload = web::resource("/operator/decks/{id}/upload").app_data(PayloadConfig::new(FORM_MAX_BYTES));
    pages.service(upload.route(web::post().to(self::upload)));
    pages.service(show).service(compare).service(export);
    pages.service(confirm).service(withdraw).service(rollback).service(rehearse);
}

#[derive(Template)]
#[template(path = "prices/decks.html")]
struct DecksPage {
    shell: Shell,
    decks: Vec<DeckRow>,
    form: NewForm,
    error: Option<String>,
}

/// One deck.
struct DeckRow {
    id: String,
    name: String,
    kind: &'static str,
    currency: String,
    current: String,
    rows: String,
    used_by: String,
}

/// A deck to make.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NewForm {
    name: String,
    kind: String,
    currency: String,
}

impl From<DeckView> for DeckRow {
    fn from(view: DeckView) -> Self {
        Self {
            id: view.id.to_string(),
            kind: match view.kind {
                DeckKind::Price => "what tenants pay",
                DeckKind::Cost => "what a carrier asks",
            },
            currency: view.currency.to_string(),
            current: view.current.map_or_else(|| "none yet".to_owned(), |number| number.to_string()),
            rows: words::count(view.rows),
            used_by: view.used_by.join(", "),
            name: view.name,
        }
    }
}

#[get("/operator/decks")]
pub(super) async fn index(app: Data<App>, operator: Operator) -> PageResult {
    let form = NewForm { currency: "USD".to_owned(), ..NewForm::default() };
    list(&app, &operator, StatusCode::OK, form, None).await
}

async fn list(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    form: NewForm,
    error: Option<String>,
) -> PageResult {
    let all = decks::list(app, &operator.actor).await?;
    let decks = all.into_iter().map(DeckRow::from).collect();
    operator.page_with(status, &DecksPage { shell: operator.shell(Place::Prices), decks, form, error })
}

#[post("/operator/decks")]
pub(super) async fn create(app: Data<App>, operator: Operator, form: Posted<NewForm>) -> PageResult {
    match made(&app, &operator, &form.0).await {
        Ok(deck) => Ok(operator.go_saying(&format!("{PAGE}/{}", deck.id), Done::DeckSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            list(&app, &operator, status, form.0, Some(text)).await
        }
    }
}

async fn made(app: &App, operator: &Operator, form: &NewForm) -> Result<DeckView, Error> {
    let kind = DeckKind::from_word(&form.kind)
        .ok_or_else(|| Error::invalid("kind", "choose whose prices the deck has"))?;
    let currency = form.currency.trim().to_ascii_uppercase();
    let currency: Currency =
        currency.parse().map_err(|error| Error::invalid("currency", format!("{error}")))?;
    decks::create(app, &operator.actor, NewDeck { name: form.name.clone(), kind, currency }).await
}

#[derive(Template)]
#[template(path = "prices/deck.html")]
struct DeckPage {
    shell: Shell,
    deck: DeckRow,
    draft: Option<DraftView>,
    versions: Vec<VersionRow>,
    form: UploadForm,
    error: Option<String>,
}

/// One version.
struct VersionRow {
    number: i32,
    state: String,
    tone: &'static str,
    can_return: bool,
    is_waiting: bool,
    rows: String,
    note: String,
    effective: Option<At>,
    by: String,
}

/// A draft with what it would change.
struct DraftView {
    number: i32,
    rows: String,
    note: String,
    columns: String,
    kinds: Vec<KindOfChange>,
    odd: Vec<String>,
    is_empty: bool,
}

/// Changes of one kind.
pub(super) struct KindOfChange {
    title: &'static str,
    count: String,
    rows: Vec<ChangeRow>,
}

/// One prefix that changes.
struct ChangeRow {
    prefix: String,
    destination: String,
    before: String,
    after: String,
}

/// A file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UploadForm {
    csv: String,
    note: String,
}

impl From<VersionView> for VersionRow {
    fn from(view: VersionView) -> Self {
        let tone = match (view.is_current, view.state.as_str()) {
            (true, _) => "good",
            (false, "scheduled" | "draft") => "warn",
            _ => "",
        };
        Self {
            number: view.number,
            tone,
            can_return: view.state == "applied" && !view.is_current,
            is_waiting: view.state == "scheduled" || view.state == "draft",
            rows: words::count(view.rows),
            note: view.note,
            effective: view.effective_at.map(At::from),
            by: view.created_by,
            state: if view.is_current { "in force".to_owned() } else { view.state },
        }
    }
}

fn changes(title: &'static str, changes: &Changes, currency: Currency) -> KindOfChange {
    let price = |micros: Option<i64>| {
        micros.map_or_else(String::new, |micros| words::rate(Money::new(micros, currency)))
    };
    let row = |change: &Change| ChangeRow {
        prefix: change.prefix.to_string(),
        destination: change.destination.clone(),
        before: price(change.before_micros),
        after: price(change.after_micros),
    };
    KindOfChange {
        title,
        count: words::count(changes.count),
        rows: changes.listed.iter().take(SHOWN_MAX).map(row).collect(),
    }
}

fn kinds(found: &domain::deck::Comparison, currency: Currency) -> Vec<KindOfChange> {
    vec![
        changes("Suspicious jumps", &found.jumps, currency),
        changes("New", &found.added, currency),
        changes("Changed", &found.changed, currency),
        changes("Gone", &found.removed, currency),
    ]
}

fn draft(view: &VersionView, currency: Currency) -> Option<DraftView> {
    let preview: Preview = serde_json::from_value(view.preview.clone()).ok()?;
    let columns = preview.columns.iter().filter(|(_, column)| *column != domain::deck::Column::Other);
    let columns: Vec<&str> = columns.map(|(heading, _)| heading.as_str()).collect();
    let mut odd = Vec::new();
    if preview.duplicates > 0 {
        let named: Vec<String> = preview
            .duplicates_listed
            .iter()
            .take(10)
            .map(|twice| format!("{} (line {} counts, {} does not)", twice.prefix, twice.kept, twice.dropped))
            .collect();
        let text = format!(
            "{} rows name a prefix that another row names too; the dearer one counts: {}",
            preview.duplicates,
            named.join(", ")
        );
        odd.push(text);
    }
    let survey = &preview.survey;
    if survey.overlaps > 0 {
        let text =
            format!("{} prefixes say nothing else than the shorter one that covers them", survey.overlaps);
        odd.push(text);
    }
    if survey.free > 0 {
        let named: Vec<String> =
            survey.free_listed.iter().take(10).map(|prefix| format!("+{prefix}")).collect();
        odd.push(format!("{} prefixes cost nothing: {}", survey.free, named.join(", ")));
    }
    if !survey.gaps.is_empty() {
        let named: Vec<String> =
            survey.gaps.iter().take(20).map(|gap| format!("{} (+{})", gap.country, gap.prefix)).collect();
        let text = format!(
            "{} countries are not covered, or not as a whole: {}",
            survey.gaps.len(),
            named.join(", ")
        );
        odd.push(text);
    }
    Some(DraftView {
        number: view.number,
        rows: words::count(view.rows),
        note: view.note.clone(),
        columns: columns.join(", "),
        kinds: kinds(&preview.changes, currency),
        odd,
        is_empty: preview.changes.is_nothing(),
    })
}

#[get("/operator/decks/{id}")]
pub(super) async fn show(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    page(&app, &operator, deck_id(&id)?, (StatusCode::OK, UploadForm::default(), None)).await
}

async fn page(
    app: &App,
    operator: &Operator,
    id: DeckId,
    (status, form, error): (StatusCode, UploadForm, Option<String>),
) -> PageResult {
    let deck = decks::get(app, &operator.actor, id).await?;
    let currency = deck.currency;
    let versions = decks::versions(app, &operator.actor, id).await?;
    let waiting = versions.iter().find(|version| version.state == "draft");
    let page = DeckPage {
        shell: operator.shell(Place::Prices),
        draft: waiting.and_then(|version| draft(version, currency)),
        deck: DeckRow::from(deck),
        versions: versions.into_iter().map(VersionRow::from).collect(),
        form,
        error,
    };
    operator.page_with(status, &page)
}

async fn upload(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    form: Posted<UploadForm>,
) -> PageResult {
    let (id, form) = (deck_id(&id)?, form.0);
    match decks::upload(&app, &operator.actor, id, form.csv.clone(), &form.note).await {
        Ok(_) => Ok(operator.go(&format!("{PAGE}/{id}#draft"))),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &operator, id, (status, form, Some(text))).await
        }
    }
}

/// When, and what is confirmed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConfirmForm {
    effective_at: String,
    below_cost: String,
}

impl ConfirmForm {
    /// A moment as people type it: `2026-12-01 00:00`, UTC; nothing is now.
    pub(super) fn at(text: &str) -> Result<Option<DateTime<Utc>>, Error> {
        let text = text.trim().replace('T', " ");
        if text.is_empty() {
            return Ok(None);
        }
        let read = chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M");
        read.map(|at| Some(at.and_utc()))
            .map_err(|_| Error::invalid("effectiveAt", "write a time (UTC) such as 2026-12-01 00:00"))
    }
}

#[post("/operator/decks/{id}/{number}/confirm")]
pub(super) async fn confirm(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, i32)>,
    form: Posted<ConfirmForm>,
) -> PageResult {
    let (id, number) = (deck_id(&path.0)?, path.1);
    let done = match ConfirmForm::at(&form.0.effective_at) {
        Ok(at) => {
            let when = (at, !form.0.below_cost.is_empty());
            decks::confirm(&app, &operator.actor, id, number, when).await
        }
        Err(failed) => Err(failed),
    };
    answered(&app, &operator, id, done.map(drop)).await
}

/// Tries a version on calls of the past.
#[post("/operator/decks/{id}/{number}/rehearse")]
pub(super) async fn rehearse(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, i32)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let id = deck_id(&path.0)?;
    let draft = Draft::RateDeck { deck: id, number: path.1, hash: String::new() };
    match rehearsals::begin(&app, &operator.actor, draft).await {
        Ok(to) => Ok(operator.go(&to)),
        Err(failed) => answered(&app, &operator, id, Err(failed)).await,
    }
}

#[post("/operator/decks/{id}/{number}/withdraw")]
pub(super) async fn withdraw(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, i32)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let id = deck_id(&path.0)?;
    let done = decks::withdraw(&app, &operator.actor, id, path.1).await;
    answered(&app, &operator, id, done).await
}

#[post("/operator/decks/{id}/{number}/rollback")]
pub(super) async fn rollback(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, i32)>,
    form: Posted<ConfirmForm>,
) -> PageResult {
    let id = deck_id(&path.0)?;
    let below_cost = !form.0.below_cost.is_empty();
    let done = decks::rollback(&app, &operator.actor, id, path.1, below_cost).await;
    answered(&app, &operator, id, done.map(drop)).await
}

async fn answered(app: &App, operator: &Operator, id: DeckId, done: Result<(), Error>) -> PageResult {
    match done {
        Ok(()) => Ok(operator.go_saying(&format!("{PAGE}/{id}"), Done::DeckSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(app, operator, id, (status, UploadForm::default(), Some(text))).await
        }
    }
}

#[derive(Template)]
#[template(path = "prices/diff.html")]
struct DiffPage {
    shell: Shell,
    deck: DeckRow,
    from: i32,
    to: i32,
    unchanged: String,
    kinds: Vec<KindOfChange>,
}

/// Which versions.
#[derive(Debug, Deserialize)]
pub(super) struct Between {
    from: i32,
    to: i32,
}

#[get("/operator/decks/{id}/diff")]
pub(super) async fn compare(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    between: Query<Between>,
) -> PageResult {
    let id = deck_id(&id)?;
    let deck = decks::get(&app, &operator.actor, id).await?;
    let found = decks::compare(&app, &operator.actor, id, (between.from, between.to)).await?;
    let page = DiffPage {
        shell: operator.shell(Place::Prices),
        from: between.from,
        to: between.to,
        unchanged: words::count(found.unchanged),
        kinds: kinds(&found, deck.currency),
        deck: DeckRow::from(deck),
    };
    operator.page(&page)
}

#[get("/operator/decks/{id}/{number}.csv")]
pub(super) async fn export(app: Data<App>, operator: Operator, path: Path<(String, i32)>) -> PageResult {
    let id = deck_id(&path.0)?;
    let text = decks::export(&app, &operator.actor, id, path.1).await?;
    let name = format!("attachment; filename=\"deck-{}.csv\"", path.1);
    let mut answer = HttpResponse::Ok();
    Ok(answer.content_type("text/csv; charset=utf-8").insert_header((CONTENT_DISPOSITION, name)).body(text))
}

fn deck_id(text: &str) -> Result<DeckId, Error> {
    text.parse().map_err(|_| Error::not_found("deck", "there is no such rate deck"))
}
