//! Rehearsals: a draft is tried on past calls; what was found, and what is to become of it. For tenants and the operator.

mod found;

use super::{
    decks::ConfirmForm,
    error,
    page::{Place, Shell},
    posted::Posted,
    visit::{Member, Operator, PageResult, Visit},
    words::{At, Badge},
};
use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Path, ServiceConfig},
};
use app::{
    App, Error, PageRequest,
    plans::When,
    rehearsals::{self, Against, Draft, DraftState, New, RehearsalView, State},
};
use askama::Template;
use chrono::TimeDelta;
use domain::access::Actor;
use found::Found;
use serde::Deserialize;
use uuid::Uuid;

/// The pages of a tenant.
const OF_TENANT: Side = Side { root: "/app/rehearsals", calls: "/app/calls", place: Place::Routes };
/// The pages of the operator.
const OF_OPERATOR: Side =
    Side { root: "/operator/rehearsals", calls: "/operator/calls", place: Place::Prices };
/// Rehearsals on the page.
const SHOWN_MAX: u32 = 50;

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(index).service(show).service(carry_out);
    pages.service(index_of_operator).service(show_of_operator).service(carry_out_of_operator);
}

/// Whose pages.
#[derive(Clone, Copy)]
struct Side {
    root: &'static str,
    calls: &'static str,
    place: Place,
}

/// Begins a rehearsal on the calls of the last day. Where it is to be seen.
pub(super) async fn begin(app: &App, actor: &Actor, draft: Draft) -> Result<String, Error> {
    let until = app.now();
    let new = New { draft, against: Against::Recorded, since: until - TimeDelta::days(1), until };
    let begun = rehearsals::create(app, actor, new).await?;
    let side = if actor.operates() { OF_OPERATOR } else { OF_TENANT };
    Ok(format!("{}/{}", side.root, begun.id))
}

#[derive(Template)]
#[template(path = "rehearsals/index.html")]
struct RehearsalsPage {
    shell: Shell,
    root: &'static str,
    is_operator: bool,
    rows: Vec<Row>,
}

/// One rehearsal in the list.
struct Row {
    id: String,
    title: String,
    state: Badge,
    draft: Badge,
    since: At,
    until: At,
    attempts: u64,
    by: String,
}

#[derive(Template)]
#[template(path = "rehearsals/show.html")]
struct RehearsalPage {
    shell: Shell,
    root: &'static str,
    row: Row,
    is_open: bool,
    against: &'static str,
    failure: Option<String>,
    refusal: Option<String>,
    effective: Option<At>,
    decided_by: Option<String>,
    can_apply: bool,
    is_scheduled: bool,
    is_applied: bool,
    found: Option<Found>,
    since: String,
    until: String,
    is_today: bool,
    error: Option<String>,
    asks: bool,
}

fn state(state: State) -> Badge {
    match state {
        State::Queued => Badge::new("", "waits for its turn"),
        State::Running => Badge::new("warn", "at work"),
        State::Done => Badge::new("good", "done"),
        State::Failed => Badge::new("bad", "failed"),
        State::Cancelled => Badge::new("", "ended"),
    }
}

fn draft_state(state: DraftState) -> Badge {
    match state {
        DraftState::Draft => Badge::new("", "not applied"),
        DraftState::Scheduled => Badge::new("warn", "scheduled"),
        DraftState::Applied => Badge::new("good", "applied"),
        DraftState::Refused => Badge::new("bad", "refused at its time"),
        DraftState::Withdrawn => Badge::new("", "withdrawn"),
        DraftState::RolledBack => Badge::new("", "rolled back"),
    }
}

impl From<&RehearsalView> for Row {
    fn from(view: &RehearsalView) -> Self {
        Self {
            id: view.id.to_string(),
            title: view.title.clone(),
            state: state(view.state),
            draft: draft_state(view.draft_state),
            since: At::from(view.since),
            until: At::from(view.until),
            attempts: view.looked_at,
            by: view.created_by.clone(),
        }
    }
}

async fn list(app: &App, visit: &Visit, actor: &Actor, side: Side) -> PageResult {
    let page = PageRequest { after: None, size: SHOWN_MAX };
    let all = rehearsals::list(app, actor, &page).await?;
    visit.page(&RehearsalsPage {
        shell: visit.shell(side.place),
        root: side.root,
        is_operator: actor.operates(),
        rows: all.value.iter().map(Row::from).collect(),
    })
}

async fn one(
    app: &App,
    visit: &Visit,
    (actor, side): (&Actor, Side),
    id: Uuid,
    (status, error): (StatusCode, Option<String>),
) -> PageResult {
    let view = rehearsals::get(app, actor, id).await?;
    let typed = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let page = RehearsalPage {
        shell: visit.shell(side.place),
        root: side.root,
        row: Row::from(&view),
        is_open: view.state.is_open(),
        against: match view.against {
            Against::Recorded => "compared with what happened",
            Against::Today => "compared with what would happen today",
        },
        can_apply: view.can_apply() && (actor.operates() != matches!(view.draft, Draft::Routes { .. })),
        is_scheduled: view.draft_state == DraftState::Scheduled,
        is_applied: view.draft_state == DraftState::Applied,
        failure: view.failure,
        refusal: view.refusal,
        effective: view.effective_at.map(At::from),
        decided_by: view.decided_by,
        found: view.figures.map(|figures| Found::of(figures, actor.operates(), side.calls)),
        since: typed(view.since),
        until: typed(view.until),
        is_today: view.against == Against::Today,
        asks: error.as_deref().is_some_and(error::asks_below_cost),
        error,
    };
    visit.page_with(status, &page)
}

/// What is to be done with a rehearsal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ActForm {
    effective_at: String,
    below_cost: String,
    since: String,
    until: String,
    against: String,
}

/// Does it; where it is to be seen.
async fn done(
    app: &App,
    (actor, side): (&Actor, Side),
    (id, act): (Uuid, &str),
    form: &ActForm,
) -> Result<String, Error> {
    let below_cost = !form.below_cost.is_empty();
    match act {
        "apply" => {
            let when = When { effective_at: ConfirmForm::at(&form.effective_at)?, below_cost };
            rehearsals::apply(app, actor, id, when).await.map(drop)?;
        }
        "withdraw" => rehearsals::withdraw(app, actor, id).await.map(drop)?,
        "rollback" => rehearsals::roll_back(app, actor, id, below_cost).await.map(drop)?,
        "cancel" => rehearsals::cancel(app, actor, id).await.map(drop)?,
        "delete" => {
            rehearsals::delete(app, actor, id).await?;
            return Ok(side.root.to_owned());
        }
        "again" => {
            let view = rehearsals::get(app, actor, id).await?;
            let against = if form.against == "today" { Against::Today } else { Against::Recorded };
            let since = ConfirmForm::at(&form.since)?.unwrap_or(view.since);
            let until = ConfirmForm::at(&form.until)?.unwrap_or_else(|| app.now());
            let new = New { draft: view.draft, against, since, until };
            let begun = rehearsals::create(app, actor, new).await?;
            return Ok(format!("{}/{}", side.root, begun.id));
        }
        _ => return Err(Error::not_found("rehearsal", "nothing of this name is done with a rehearsal")),
    }
    Ok(format!("{}/{id}", side.root))
}

async fn acted(
    app: &App,
    visit: &Visit,
    (actor, side): (&Actor, Side),
    path: &(String, String),
    form: &ActForm,
) -> PageResult {
    let id = rehearsal_id(&path.0)?;
    match done(app, (actor, side), (id, &path.1), form).await {
        Ok(to) => Ok(visit.go(&to)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            one(app, visit, (actor, side), id, (status, Some(text))).await
        }
    }
}

fn rehearsal_id(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::not_found("rehearsal", "there is no such rehearsal"))
}

#[get("/app/rehearsals")]
async fn index(app: Data<App>, member: Member) -> PageResult {
    list(&app, &member, &member.actor, OF_TENANT).await
}

#[get("/app/rehearsals/{id}")]
async fn show(app: Data<App>, member: Member, id: Path<String>) -> PageResult {
    one(&app, &member, (&member.actor, OF_TENANT), rehearsal_id(&id)?, (StatusCode::OK, None)).await
}

#[post("/app/rehearsals/{id}/{act}")]
async fn carry_out(
    app: Data<App>,
    member: Member,
    path: Path<(String, String)>,
    form: Posted<ActForm>,
) -> PageResult {
    acted(&app, &member, (&member.actor, OF_TENANT), &path, &form.0).await
}

#[get("/operator/rehearsals")]
async fn index_of_operator(app: Data<App>, operator: Operator) -> PageResult {
    list(&app, &operator, &operator.actor, OF_OPERATOR).await
}

#[get("/operator/rehearsals/{id}")]
async fn show_of_operator(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    one(&app, &operator, (&operator.actor, OF_OPERATOR), rehearsal_id(&id)?, (StatusCode::OK, None)).await
}

#[post("/operator/rehearsals/{id}/{act}")]
async fn carry_out_of_operator(
    app: Data<App>,
    operator: Operator,
    path: Path<(String, String)>,
    form: Posted<ActForm>,
) -> PageResult {
    acted(&app, &operator, (&operator.actor, OF_OPERATOR), &path, &form.0).await
}
