//! Recordings of calls: the tenant's policy, beginning and ending one, and listening to it.

#![expect(
    unused_qualifications,
    reason = "the macro of the OpenAPI document writes them for several parameters"
)]

mod audio;

pub(crate) use audio::answer;

use super::{Listing, PageParams, created, ok};
use crate::{
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post, put,
    web::{Data, Path},
};
use app::{
    App,
    recordings::{self, Layout, RecordingFilter, RecordingState, RecordingView},
};
use chrono::{DateTime, Utc};
use domain::recording::{RecordingMode, RecordingNotice, RecordingPolicy};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_recording_policy).service(put_recording_policy);
    routes.service(start_recording).service(list_recordings);
    routes.service(pause_recording).service(resume_recording).service(stop_recording);
    routes.service(get_recording_audio).service(get_recording).service(delete_recording);
}

/// Which calls are recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordingMode)]
pub(crate) enum Mode {
    Off,
    OnDemand,
    Always,
}

/// What both sides hear when a recording begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordingNotice)]
pub(crate) enum Notice {
    None,
    Tone,
}

/// Which calls are recorded, and for how long recordings are kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RecordingPolicy)]
pub(crate) struct Policy {
    /// `off`: none. `onDemand`: those for which it is asked while they are up. `always`: all from their answer on; emergency
    /// calls never are by themselves.
    mode: Mode,
    /// Days after which a recording is deleted; it counts for those that begin from then on.
    #[schema(minimum = 1, maximum = 3650)]
    retention_days: u16,
    /// What both sides hear when one begins: nothing, or a short tone.
    notice: Notice,
}

impl From<Policy> for RecordingPolicy {
    fn from(policy: Policy) -> Self {
        Self {
            mode: match policy.mode {
                Mode::Off => RecordingMode::Off,
                Mode::OnDemand => RecordingMode::OnDemand,
                Mode::Always => RecordingMode::Always,
            },
            retention_days: policy.retention_days,
            notice: match policy.notice {
                Notice::None => RecordingNotice::None,
                Notice::Tone => RecordingNotice::Tone,
            },
        }
    }
}

impl From<RecordingPolicy> for Policy {
    fn from(policy: RecordingPolicy) -> Self {
        Self {
            mode: match policy.mode {
                RecordingMode::Off => Mode::Off,
                RecordingMode::OnDemand => Mode::OnDemand,
                RecordingMode::Always => Mode::Always,
            },
            retention_days: policy.retention_days,
            notice: match policy.notice {
                RecordingNotice::None => Notice::None,
                RecordingNotice::Tone => Notice::Tone,
            },
        }
    }
}

/// What the tenant says of recording its calls. Needs the scope `recordings.read`.
#[utoipa::path(tag = "recordings", responses((status = 200, body = Policy)))]
#[get("/api/v1/recordingPolicy")]
pub(crate) async fn get_recording_policy(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&Policy::from(recordings::policy(&app, &caller).await?))
}

/// Says what the tenant wants recorded. Calls that are decided from then on are recorded by it.
#[utoipa::path(tag = "recordings", request_body = Policy, responses((status = 200, body = Policy)))]
#[put("/api/v1/recordingPolicy")]
pub(crate) async fn put_recording_policy(app: Data<App>, caller: Caller, body: Body<Policy>) -> ApiResult {
    ok(&Policy::from(recordings::put_policy(&app, &caller, body.0.into()).await?))
}

/// A recording of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Recording)]
pub(crate) struct RecordingBody {
    id: Uuid,
    call_id: Uuid,
    /// `recording`, `paused`, `ready` or `failed`. What was recorded before it failed can be heard.
    state: &'static str,
    /// What both sides heard when it began: `none`, `tone`, or `notPossible` where the tone could not be played to both.
    notice: &'static str,
    /// A person, a key, or `policy`.
    begun_by: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// 0 while it goes on.
    duration_ms: u64,
    /// What it takes on the disk; 0 while it goes on.
    bytes: u64,
    /// Packets that did not fit, and are silence.
    lost_packets: u64,
    /// Packets that could not be decoded, and are silence.
    unreadable_packets: u64,
    /// Why it failed.
    failure: Option<String>,
    /// When it is deleted by itself.
    expires_at: DateTime<Utc>,
    /// When it was deleted.
    deleted_at: Option<DateTime<Utc>>,
}

impl From<RecordingView> for RecordingBody {
    fn from(view: RecordingView) -> Self {
        Self {
            id: view.id,
            call_id: view.call.0,
            state: view.state.word(),
            notice: view.notice.word(),
            begun_by: view.begun_by,
            started_at: view.started_at,
            ended_at: view.ended_at,
            duration_ms: view.duration_ms,
            bytes: view.bytes,
            lost_packets: view.lost,
            unreadable_packets: view.unreadable,
            failure: view.failure,
            expires_at: view.expires_at,
            deleted_at: view.deleted_at,
        }
    }
}

/// Records a live call from now on, until it ends or is stopped. A tenant has one recording of a call at a time, whatever the
/// other side records for itself; the policy must not be `off`.
/// Needs the scope `recordings.write`.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 201, body = RecordingBody)))]
#[post("/api/v1/calls/{id}/recordings")]
pub(crate) async fn start_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    let call = id.parse().map_err(|_| ApiError::not_found("there is no such call").at("id"))?;
    let body = RecordingBody::from(recordings::begin(&app, &caller, call).await?);
    Ok(created(&format!("/api/v1/recordings/{}", body.id), &body))
}

/// Which recordings.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichRecordings {
    /// Of this call.
    call_id: Option<Uuid>,
    /// `recording`, `paused`, `ready` or `failed`.
    state: Option<String>,
    /// Begun at this time or later.
    since: Option<DateTime<Utc>>,
    /// Begun before this time.
    until: Option<DateTime<Utc>>,
}

impl TryFrom<WhichRecordings> for RecordingFilter {
    type Error = ApiError;
    fn try_from(which: WhichRecordings) -> Result<Self, ApiError> {
        let state = |word: String| {
            let unknown = || ApiError::invalid("state", "state: recording, paused, ready or failed");
            RecordingState::from_word(&word).ok_or_else(unknown)
        };
        Ok(Self {
            call: which.call_id.map(domain::ids::CallId),
            state: which.state.map(state).transpose()?,
            since: which.since,
            until: which.until,
        })
    }
}

/// Recordings that were not deleted, newest first. Needs the scope `recordings.read`.
#[utoipa::path(tag = "recordings", params(WhichRecordings, PageParams), responses((status = 200, body = Listing<RecordingBody>)))]
#[get("/api/v1/recordings")]
pub(crate) async fn list_recordings(
    app: Data<App>,
    caller: Caller,
    which: Params<WhichRecordings>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = recordings::list(&app, &caller, &which.0.try_into()?, &page.0.request()?).await?;
    ok(&Listing::<RecordingBody>::of_page(page, &request))
}

/// One recording; of one that was deleted what is known of it.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = RecordingBody)))]
#[get("/api/v1/recordings/{id}")]
pub(crate) async fn get_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&RecordingBody::from(recordings::get(&app, &caller, recording_id(&id)?).await?))
}

/// What is said from now on is silence in the recording, which goes on: a moment of it stays the same moment of the call.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = RecordingBody)))]
#[post("/api/v1/recordings/{id}:pause")]
pub(crate) async fn pause_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&RecordingBody::from(recordings::pause(&app, &caller, recording_id(&id)?).await?))
}

/// What is said from now on is heard again.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = RecordingBody)))]
#[post("/api/v1/recordings/{id}:resume")]
pub(crate) async fn resume_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&RecordingBody::from(recordings::resume(&app, &caller, recording_id(&id)?).await?))
}

/// Ends a recording; its call goes on.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = RecordingBody)))]
#[post("/api/v1/recordings/{id}:stop")]
pub(crate) async fn stop_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&RecordingBody::from(recordings::stop(&app, &caller, recording_id(&id)?).await?))
}

/// Deletes a recording that is over. What is known of it stays; it can't be heard any more.
#[utoipa::path(tag = "recordings", params(("id" = String, Path)), responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/recordings/{id}")]
pub(crate) async fn delete_recording(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    recordings::delete(&app, &caller, recording_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is heard.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichChannel {
    /// `mixed` (where it is not said), `caller`, `callee`, or `both`: the caller left and the callee right.
    channel: Option<String>,
}

/// A recording that is over, as a WAV file (PCM with 16 bits, 8 kHz). A part of it is answered to `Range` with one range. Who listens is
/// written into the audit. Needs the scope `recordings.read`.
#[utoipa::path(tag = "recordings", params(("id" = String, Path), WhichChannel,
    ("Range" = Option<String>, Header, description = "`bytes=<first>-<last>`")),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>),
    (status = 206, description = "The part that `Range` asks for", content_type = "audio/wav", body = Vec<u8>)))]
#[get("/api/v1/recordings/{id}/audio")]
pub(crate) async fn get_recording_audio(
    app: Data<App>,
    caller: Caller,
    id: Path<String>,
    which: Params<WhichChannel>,
    request: HttpRequest,
) -> ApiResult {
    let layout = layout(which.0.channel.as_deref())?;
    let audio = recordings::audio(&app, &caller, recording_id(&id)?, layout).await?;
    answer(audio, &request, None)
}

/// What is heard, by its word.
pub(crate) fn layout(word: Option<&str>) -> Result<Layout, ApiError> {
    let unknown = || ApiError::invalid("channel", "channel: mixed, caller, callee or both");
    word.map_or(Ok(Layout::Mixed), |word| Layout::from_word(word).ok_or_else(unknown))
}

fn recording_id(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found("there is no such recording").at("id"))
}
