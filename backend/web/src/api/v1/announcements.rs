//! Announcements: what callers hear of calls that fail.

use super::{Operator, ok};
use crate::{
    error::{ApiError, ApiResult},
    extract::{Patch, RawBody},
};
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, delete,
    dev::Payload,
    get, patch, put,
    web::{Bytes, Data, Path},
};
use app::announcements::{self, AudioFile, Edit, View};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::future::{Ready, ready};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_announcements).service(update_announcements);
    routes.service(get_announcement_audio).service(put_announcement_audio).service(delete_announcement_audio);
}

/// Which causes are heard, in which languages, for how long.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AnnouncementSettings)]
pub(crate) struct Settings {
    /// Whose tones are heard where there is no file (ISO 3166-1).
    country: String,
    /// The languages that are heard, one after the other.
    languages: Vec<String>,
    /// The cause words that are heard: before the call is refused, or of `out-of-funds` before it ends.
    announced: Vec<String>,
    /// For how long at most, seconds.
    #[schema(minimum = 1, maximum = 30)]
    seconds_max: u16,
}

/// A file that is heard of a cause.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnnouncementFile)]
pub(crate) struct FileBody {
    language: String,
    duration_millis: u32,
    uploaded_at: DateTime<Utc>,
}

/// A cause that can be heard.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnnouncementCause)]
pub(crate) struct CauseBody {
    cause: String,
    enabled: bool,
    /// Its files; without one in a language that is heard, the country's tones are.
    files: Vec<FileBody>,
}

/// Announcements.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Announcements)]
pub(crate) struct AnnouncementsBody {
    #[serde(flatten)]
    settings: Settings,
    causes: Vec<CauseBody>,
}

impl From<Edit> for Settings {
    fn from(edit: Edit) -> Self {
        let Edit { country, languages, announced, seconds_max } = edit;
        Self { country, languages, announced, seconds_max }
    }
}

impl From<AudioFile> for FileBody {
    fn from(file: AudioFile) -> Self {
        Self { language: file.language, duration_millis: file.millis, uploaded_at: file.uploaded_at }
    }
}

impl From<View> for AnnouncementsBody {
    fn from(view: View) -> Self {
        let cause = |announced: announcements::Announced| CauseBody {
            cause: announced.cause.word().to_owned(),
            enabled: announced.is_on,
            files: announced.files.into_iter().map(Into::into).collect(),
        };
        Self { settings: view.settings.into(), causes: view.causes.into_iter().map(cause).collect() }
    }
}

/// A WAV file, as it is.
pub(crate) struct Wav(Bytes);

impl FromRequest for Wav {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_ascii_lowercase();
        if !["", "audio/wav", "audio/x-wav", "audio/wave", "application/octet-stream"].contains(&&*kind) {
            let text = format!("send the file as it is, as audio/wav, not as {kind}");
            let status = actix_web::http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return ready(Err(ApiError::new(status, "UnsupportedMediaType", text).at("Content-Type")));
        }
        ready(Ok(Self(request.extensions().get::<RawBody>().cloned().unwrap_or_default().0)))
    }
}

/// What callers hear of calls that fail: settings, causes and files.
#[utoipa::path(tag = "operator", responses((status = 200, body = AnnouncementsBody)))]
#[get("/api/v1/operator/announcements")]
pub(crate) async fn get_announcements(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&AnnouncementsBody::from(announcements::get(&app, &operator).await?))
}

/// Changes the settings: what is left out stays. Calls that come from then on are heard by them.
#[utoipa::path(tag = "operator",
    request_body(content = Settings, content_type = "application/merge-patch+json"),
    responses((status = 200, body = AnnouncementsBody)))]
#[patch("/api/v1/operator/announcements")]
pub(crate) async fn update_announcements(
    app: Data<app::App>,
    operator: Operator,
    change: Patch<Settings>,
) -> ApiResult {
    let now = Settings::from(announcements::get(&app, &operator).await?.settings);
    let Settings { country, languages, announced, seconds_max } = change.apply(&now)?;
    let wanted = Edit { country, languages, announced, seconds_max };
    ok(&AnnouncementsBody::from(announcements::change(&app, &operator, wanted).await?))
}

/// What is heard of a cause in a language, as a WAV file; the language `tones` is what is heard without a file.
#[utoipa::path(tag = "operator",
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
#[get("/api/v1/operator/announcements/{cause}/{language}")]
pub(crate) async fn get_announcement_audio(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    let file = announcements::audio(&app, &operator, &path.0, &path.1).await?;
    Ok(HttpResponse::Ok().content_type("audio/wav").body(file))
}

/// Keeps a WAV file (PCM with 16 bits or G.711, mono or stereo, 8 to 48 kHz, at most 30 seconds) as what is heard of a cause in a
/// language, in the place of the one that was there.
#[utoipa::path(tag = "operator", request_body(content((Vec<u8> = "audio/wav"))),
    responses((status = 200, body = AnnouncementsBody)))]
#[put("/api/v1/operator/announcements/{cause}/{language}")]
pub(crate) async fn put_announcement_audio(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
    file: Wav,
) -> ApiResult {
    let view = announcements::upload(&app, &operator, &path.0, &path.1, &file.0).await?;
    ok(&AnnouncementsBody::from(view))
}

/// Deletes a file. Without one, tones are heard.
#[utoipa::path(tag = "operator", responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/operator/announcements/{cause}/{language}")]
pub(crate) async fn delete_announcement_audio(
    app: Data<app::App>,
    operator: Operator,
    path: Path<(String, String)>,
) -> ApiResult {
    announcements::delete(&app, &operator, &path.0, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
