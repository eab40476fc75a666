//! Signed calls: which roots are trusted, what becomes of calls whose caller is not verified, and how calls are signed.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    trunks::{Choice, choices},
    visit::{Operator, PageResult},
    words::At,
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error,
    stir::{Root, StirView, Verified},
};
use askama::Template;
use domain::{config::parse_word, stir::Handling};
use serde::Deserialize;

/// Digits of a fingerprint that tell a root from another at a glance.
const SHORT: usize = 16;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save).service(add).service(remove);
}

#[derive(Template)]
#[template(path = "operator/stir.html")]
struct StirPage {
    shell: Shell,
    roots: Vec<RootRow>,
    failed: Vec<Choice>,
    missing: Vec<Choice>,
    signs_as: Option<String>,
    counts: Verified,
    certificates: String,
    error: Option<String>,
}

/// A root that is trusted.
struct RootRow {
    fingerprint: String,
    short: String,
    subject: String,
    until: At,
}

impl From<Root> for RootRow {
    fn from(root: Root) -> Self {
        Self {
            short: root.fingerprint.chars().take(SHORT).collect(),
            fingerprint: root.fingerprint,
            subject: root.subject,
            until: At::from(root.not_after),
        }
    }
}

/// What becomes of calls that are not verified.
#[derive(Debug, Deserialize)]
struct HandlingForm {
    failed: String,
    missing: String,
}

/// Roots to trust, in PEM.
#[derive(Debug, Deserialize)]
struct RootsForm {
    certificates: String,
}

/// The ways in which a call that is not verified is handled, for a form.
pub(super) const HANDLINGS: [(&str, &str, bool); 4] = [
    ("pass", "goes on, nothing is said", true),
    ("mark", "goes on, the trunk is told", true),
    ("refuse", "is refused as RFC 8224 says", true),
    ("unwanted", "is refused with 607", true),
];

#[get("/operator/stir")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    let view = app::stir::get(&app, &operator.actor).await?;
    page(&app, &operator, StatusCode::OK, view, String::new(), None)
}

#[post("/operator/stir")]
async fn save(app: Data<App>, operator: Operator, form: Posted<HandlingForm>) -> PageResult {
    let read = |field, text: &str| {
        parse_word::<Handling>(field, text).map_err(|fault| Error::invalid(&fault.field, fault.message))
    };
    let kept = match (read("failed", &form.0.failed), read("missing", &form.0.missing)) {
        (Ok(failed), Ok(missing)) => app::stir::change(&app, &operator.actor, failed, missing).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    done(&app, &operator, kept, String::new()).await
}

#[post("/operator/stir/roots")]
async fn add(app: Data<App>, operator: Operator, form: Posted<RootsForm>) -> PageResult {
    let kept = app::stir::add_roots(&app, &operator.actor, &form.0.certificates).await;
    done(&app, &operator, kept, form.0.certificates).await
}

#[post("/operator/stir/roots/{fingerprint}/delete")]
async fn remove(
    app: Data<App>,
    operator: Operator,
    fingerprint: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    let kept = app::stir::remove_root(&app, &operator.actor, &fingerprint).await;
    done(&app, &operator, kept, String::new()).await
}

async fn done(
    app: &App,
    operator: &Operator,
    kept: Result<StirView, Error>,
    certificates: String,
) -> PageResult {
    match kept {
        Ok(_) => Ok(operator.go_saying("/operator/stir", Done::StirSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let view = app::stir::get(app, &operator.actor).await?;
            page(app, operator, status, view, certificates, Some(text))
        }
    }
}

fn page(
    app: &App,
    operator: &Operator,
    status: StatusCode,
    view: StirView,
    certificates: String,
    error: Option<String>,
) -> PageResult {
    let page = StirPage {
        shell: operator.shell(Place::Stir),
        failed: choices(&HANDLINGS, view.failed.word()),
        missing: choices(&HANDLINGS, view.missing.word()),
        signs_as: view.signs_as,
        roots: view.roots.into_iter().map(RootRow::from).collect(),
        counts: app::stir::verified(app),
        certificates,
        error,
    };
    operator.page_with(status, &page)
}
