//! Recordings of the tenant's calls: the list with the policy, what a call's page shows of them, and listening.

use super::{
    error::{self, PageError},
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    visit::{Member, PageResult, Visit},
    words::{self, At, Badge},
};
use actix_web::{
    HttpRequest, get,
    http::StatusCode,
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, Error, PageRequest,
    calls::{CallState, CallView},
    recordings::{self, NoticeGiven, RecordingFilter, RecordingState, RecordingView},
    versions::{Subject, for_form, of_form},
};
use askama::Template;
use domain::{
    access::Actor,
    ids::CallId,
    recording::{RETENTION_DAYS, RecordingMode, RecordingNotice, RecordingPolicy},
};
use serde::Deserialize;
use uuid::Uuid;

/// Recordings on one page.
const ROWS: u32 = 50;
/// Recordings of one call that its page shows.
const CALL_ROWS: u32 = 20;
/// The page.
const PAGE: &str = "/app/recordings";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(save_policy).service(start);
    pages.service(pause).service(resume).service(stop).service(delete).service(listen);
}

#[derive(Template)]
#[template(path = "recordings/index.html")]
struct RecordingsPage {
    shell: Shell,
    rows: Vec<Row>,
    filter: FilterForm,
    states: [&'static str; 4],
    next: Option<String>,
    next_label: &'static str,
    form: PolicyForm,
    modes: [(&'static str, &'static str); 3],
    notices: [(&'static str, &'static str); 2],
    error: Option<String>,
}

/// One recording.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) call: CallId,
    pub(super) state: Badge,
    pub(super) is_open: bool,
    pub(super) is_paused: bool,
    pub(super) is_audible: bool,
    pub(super) begun_by: String,
    pub(super) started: At,
    pub(super) duration: String,
    pub(super) size: String,
    pub(super) expires: String,
    pub(super) failure: Option<String>,
    pub(super) notice: Option<&'static str>,
    pub(super) missing: Option<String>,
}

/// The recordings of a call, as its page shows them.
pub(super) struct RecordingsPart {
    pub(super) rows: Vec<Row>,
    pub(super) may_start: bool,
    pub(super) is_off: bool,
}

/// Which recordings, and which part of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FilterForm {
    state: String,
    after: Option<String>,
}

/// The policy as people choose it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PolicyForm {
    seen: String,
    mode: String,
    retention_days: String,
    notice: String,
}

impl PolicyForm {
    fn of(policy: RecordingPolicy, seen: String) -> Self {
        Self {
            seen,
            mode: policy.mode.word().to_owned(),
            retention_days: policy.retention_days.to_string(),
            notice: policy.notice.word().to_owned(),
        }
    }

    fn read(&self) -> Result<RecordingPolicy, Error> {
        let days = self.retention_days.trim();
        let (least, most) = (RETENTION_DAYS.start(), RETENTION_DAYS.end());
        let wrong =
            |_| Error::invalid("retentionDays", format!("keep recordings for {least} to {most} days"));
        let unknown = |field| Error::invalid(field, "choose one of the list");
        Ok(RecordingPolicy {
            mode: RecordingMode::from_word(&self.mode).ok_or_else(|| unknown("mode"))?,
            retention_days: days.parse().map_err(wrong)?,
            notice: RecordingNotice::from_word(&self.notice).ok_or_else(|| unknown("notice"))?,
        })
    }
}

impl From<RecordingView> for Row {
    fn from(view: RecordingView) -> Self {
        let (tone, state) = match view.state {
            RecordingState::Recording => ("warn", "recording"),
            RecordingState::Paused => ("", "paused"),
            RecordingState::Ready => ("good", "ready"),
            RecordingState::Failed => ("bad", "failed"),
        };
        let is_open = view.state.is_open();
        let not_while_open = |text: String| if is_open { "–".to_owned() } else { text };
        let missing = view.lost + view.unreadable;
        Self {
            is_open,
            is_paused: view.state == RecordingState::Paused,
            is_audible: view.can_be_heard(),
            state: Badge::new(tone, state),
            started: At::from(view.started_at),
            duration: not_while_open(words::duration(view.duration_ms)),
            size: not_while_open(size(view.bytes)),
            expires: words::day(view.expires_at),
            notice: match view.notice {
                NoticeGiven::None => None,
                NoticeGiven::Tone => Some("Both sides heard a tone when it began."),
                NoticeGiven::NotPossible => Some("The tone could not be played to both sides."),
            },
            missing: (missing > 0).then(|| {
                format!(
                    "{} packets are silence: they did not come in time, or can't be decoded.",
                    words::count(missing)
                )
            }),
            failure: view.failure,
            begun_by: view.begun_by,
            id: view.id,
            call: view.call,
        }
    }
}

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

/// What a call's page shows of its recordings; nothing to who may not listen.
pub(super) async fn part(app: &App, actor: &Actor, call: &CallView) -> Result<Option<RecordingsPart>, Error> {
    let policy = match recordings::policy(app, actor).await {
        Err(Error::Denied { .. }) => return Ok(None),
        policy => policy?,
    };
    let filter = RecordingFilter { call: Some(call.id), ..RecordingFilter::default() };
    let page = PageRequest { after: None, size: CALL_ROWS };
    let rows = recordings::list(app, actor, &filter, &page).await?.value;
    let is_up = call.state == CallState::Live && call.answered_at.is_some();
    let is_off = policy.mode == RecordingMode::Off;
    let may_start = is_up && !is_off && !rows.iter().any(|row| row.state.is_open());
    Ok(Some(RecordingsPart { may_start, is_off, rows: rows.into_iter().map(Row::from).collect() }))
}

#[get("/app/recordings")]
async fn show(app: Data<App>, member: Member, filter: Query<FilterForm>) -> PageResult {
    page(&app, &member, StatusCode::OK, filter.into_inner(), None).await
}

async fn page(
    app: &App,
    member: &Member,
    status: StatusCode,
    filter: FilterForm,
    refused: Option<(PolicyForm, String)>,
) -> PageResult {
    let seen = for_form(app, member.actor.tenant.map(Subject::recording_policy)).await?;
    let policy = recordings::policy(app, &member.actor).await?;
    let wanted =
        RecordingFilter { state: RecordingState::from_word(&filter.state), ..RecordingFilter::default() };
    let part = PageRequest { after: filter.after.clone(), size: ROWS };
    let list = recordings::list(app, &member.actor, &wanted, &part).await?;
    let (form, error) = match refused {
        Some((form, text)) => (form, Some(text)),
        None => (PolicyForm::of(policy, seen), None),
    };
    let page = RecordingsPage {
        shell: member.shell(Place::Recordings),
        rows: list.value.into_iter().map(Row::from).collect(),
        next: list.next.map(|after| older(&filter.state, &after)),
        next_label: "Older",
        filter,
        states: RecordingState::ALL.map(RecordingState::word),
        form,
        modes: RecordingMode::ALL.map(|mode| {
            (
                mode.word(),
                match mode {
                    RecordingMode::Off => "none",
                    RecordingMode::OnDemand => "when somebody asks",
                    RecordingMode::Always => "all, from the answer on",
                },
            )
        }),
        notices: RecordingNotice::ALL.map(|notice| {
            (
                notice.word(),
                match notice {
                    RecordingNotice::None => "nothing",
                    RecordingNotice::Tone => "a short tone",
                },
            )
        }),
        error,
    };
    member.page_with(status, &page)
}

/// The address of the part after this one.
fn older(state: &str, after: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in
        [("state", state), ("after", after)].into_iter().filter(|(_, value)| !value.is_empty())
    {
        query.append_pair(name, value);
    }
    format!("{PAGE}?{}", query.finish())
}

#[post("/app/recordings/policy")]
async fn save_policy(app: Data<App>, member: Member, form: Posted<PolicyForm>) -> PageResult {
    let subject = member.actor.tenant.map(Subject::recording_policy);
    let change = async { recordings::put_policy(&app, &member.actor, form.0.read()?).await };
    match of_form(subject, &form.0.seen, change).await {
        Ok(_) => Ok(member.go_saying(PAGE, Done::RecordingPolicySaved)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            page(&app, &member, status, FilterForm::default(), Some((form.0, text))).await
        }
    }
}

#[post("/app/calls/{id}/recordings")]
async fn start(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    let call: CallId = id.parse().map_err(|_| PageError::NotFound)?;
    let begun = recordings::begin(&app, &member.actor, call).await?;
    Ok(back(&member, &begun, Done::RecordingStarted))
}

#[post("/app/recordings/{id}/pause")]
async fn pause(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    let view = recordings::pause(&app, &member.actor, recording_id(&id)?).await?;
    Ok(back(&member, &view, Done::RecordingPaused))
}

#[post("/app/recordings/{id}/resume")]
async fn resume(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    let view = recordings::resume(&app, &member.actor, recording_id(&id)?).await?;
    Ok(back(&member, &view, Done::RecordingStarted))
}

#[post("/app/recordings/{id}/stop")]
async fn stop(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    let view = recordings::stop(&app, &member.actor, recording_id(&id)?).await?;
    Ok(back(&member, &view, Done::RecordingStopped))
}

#[post("/app/recordings/{id}/delete")]
async fn delete(app: Data<App>, member: Member, id: Path<String>, _form: Posted<Nothing>) -> PageResult {
    recordings::delete(&app, &member.actor, recording_id(&id)?).await?;
    Ok(member.go_saying(PAGE, Done::RecordingDeleted))
}

/// What is heard, and whether it is to be kept as a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    channel: Option<String>,
    download: Option<String>,
}

#[get("/app/recordings/{id}/audio")]
async fn listen(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    wanted: Query<Wanted>,
    request: HttpRequest,
) -> PageResult {
    let id = recording_id(&id)?;
    let layout = crate::api::v1::layout(wanted.channel.as_deref()).map_err(|_| PageError::NotFound)?;
    let audio = recordings::audio(&app, &member.actor, id, layout).await?;
    let name = wanted.download.as_ref().map(|_| format!("recording-{id}.wav"));
    crate::api::v1::audio(audio, &request, name.as_deref()).map_err(|_| PageError::NotFound)
}

/// To the page of its call.
fn back(visit: &Visit, view: &RecordingView, done: Done) -> actix_web::HttpResponse {
    visit.go_saying(&format!("/app/calls/{}", view.call), done)
}

fn recording_id(text: &str) -> Result<Uuid, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_the_address_of_older_recordings_keeps_the_filter() {
        assert_eq!(
            [0, 999, 16_112, 1_922_000, 21_474_836_480].map(size),
            ["0 B", "999 B", "16 kB", "1.9 MB", "21.4 GB"]
        );
        assert_eq!(older("ready", "k"), "/app/recordings?state=ready&after=k");
        assert_eq!(older("", "k"), "/app/recordings?after=k");
    }
}
