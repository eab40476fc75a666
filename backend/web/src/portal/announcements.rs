//! Announcements: what callers hear of calls that fail.

use super::{
    error,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Operator, PageResult},
    words::At,
};
use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    post,
    web::{self, Data, Path, PayloadConfig, ServiceConfig},
};
use app::{
    App, Error,
    announcements::{self, AUDIO_BYTES_MAX, Edit, TONES, View},
};
use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

const PAGE: &str = "/operator/announcements";
/// Largest form with a file, in bytes: base64 takes four for three, and escaping some more.
const FORM_MAX_BYTES: usize = AUDIO_BYTES_MAX * 3 / 2;

pub(super) fn mount(pages: &mut ServiceConfig) {
    let upload = web::resource("/operator/announcements/files").app_data(PayloadConfig::new(FORM_MAX_BYTES));
    pages.service(upload.route(web::post().to(add)));
    pages.service(show).service(save).service(listen).service(remove);
}

#[derive(Template)]
#[template(path = "operator/announcements.html")]
struct AnnouncementsPage {
    shell: Shell,
    causes: Vec<CauseRow>,
    countries: Vec<(&'static str, bool)>,
    languages: String,
    seconds_max: u16,
    tones: &'static str,
    error: Option<String>,
}

struct CauseRow {
    word: &'static str,
    explanation: &'static str,
    is_on: bool,
    files: Vec<FileRow>,
}

struct FileRow {
    language: String,
    seconds: String,
    at: At,
}

/// The settings, as they are sent. What is checked of the causes comes as fields of their own.
#[derive(Debug, Deserialize)]
struct SettingsForm {
    country: String,
    languages: String,
    seconds_max: String,
    #[serde(default)]
    announced: String,
}

/// A file, as its data URL.
#[derive(Debug, Deserialize)]
struct FileForm {
    cause: String,
    language: String,
    file: String,
}

#[get("/operator/announcements")]
async fn show(app: Data<App>, operator: Operator) -> PageResult {
    let view = announcements::get(&app, &operator.actor).await?;
    page(&operator, StatusCode::OK, view, None)
}

#[post("/operator/announcements")]
async fn save(app: Data<App>, operator: Operator, form: Posted<SettingsForm>) -> PageResult {
    let words = |text: &str| -> Vec<String> {
        text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let form = form.0;
    let wanted = Edit {
        country: form.country,
        languages: words(&form.languages),
        announced: words(&form.announced),
        seconds_max: form.seconds_max.trim().parse().unwrap_or_default(),
    };
    done(&app, &operator, announcements::change(&app, &operator.actor, wanted).await).await
}

async fn add(app: Data<App>, operator: Operator, form: Posted<FileForm>) -> PageResult {
    let form = form.0;
    let text = form.file.split_once("base64,").map_or(form.file.as_str(), |(_, text)| text);
    let kept = match STANDARD.decode(text.trim()) {
        Ok(bytes) if !bytes.is_empty() => {
            announcements::upload(&app, &operator.actor, &form.cause, form.language.trim(), &bytes).await
        }
        _ => Err(Error::invalid("file", "choose a WAV file".to_owned())),
    };
    done(&app, &operator, kept).await
}

#[get("/operator/announcements/{cause}/{language}/audio")]
async fn listen(app: Data<App>, operator: Operator, path: Path<(String, String)>) -> PageResult {
    let file = announcements::audio(&app, &operator.actor, &path.0, &path.1).await?;
    Ok(HttpResponse::Ok().content_type("audio/wav").body(file))
}

#[post("/operator/announcements/{cause}/{language}/delete")]
async fn remove(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, String)>,
    _form: Posted<Nothing>,
) -> PageResult {
    done(&app, &operator, announcements::delete(&app, &operator.actor, &path.0, &path.1).await).await
}

async fn done(app: &App, operator: &Operator, kept: Result<View, Error>) -> PageResult {
    match kept {
        Ok(_) => Ok(operator.go_saying(PAGE, Done::AnnouncementsSaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let view = announcements::get(app, &operator.actor).await?;
            page(operator, status, view, Some(text))
        }
    }
}

fn page(operator: &Operator, status: StatusCode, view: View, error: Option<String>) -> PageResult {
    let file = |file: announcements::AudioFile| FileRow {
        seconds: format!("{:.1}", f64::from(file.millis) / 1000.0),
        at: At::from(file.uploaded_at),
        language: file.language,
    };
    let row = |announced: announcements::Announced| CauseRow {
        word: announced.cause.word(),
        explanation: announced.cause.explanation(),
        is_on: announced.is_on,
        files: announced.files.into_iter().map(file).collect(),
    };
    let settings = view.settings;
    let page = AnnouncementsPage {
        shell: operator.shell(Place::Announcements),
        causes: view.causes.into_iter().map(row).collect(),
        countries: announcements::tone_countries().map(|code| (code, code == settings.country)).collect(),
        languages: settings.languages.join(", "),
        seconds_max: settings.seconds_max,
        tones: TONES,
        error,
    };
    operator.page_with(status, &page)
}
