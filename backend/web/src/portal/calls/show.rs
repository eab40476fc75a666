//! One call in full: its times, what it cost, what was heard of it, and how it was decided. While it is up the page
//! reads itself again.

use super::{decision::DecisionPart, index::caller, ladder::Ladder};
use crate::portal::{
    error::PageError,
    page::{Done, Place, Shell},
    posted::{Nothing, Posted},
    recordings::{self, RecordingsPart},
    visit::{Member, Operator, PageResult, Visit},
    words::{self, At, Badge},
};
use actix_web::{
    get, post,
    web::{Data, Path},
};
use app::{
    App,
    calls::{CallState, CallView, ChargeView, LegView},
};
use askama::Template;
use domain::{
    access::{Actor, Role},
    ids::CallId,
};

#[derive(Template)]
#[template(path = "calls/show.html")]
struct CallPage {
    shell: Shell,
    call: CallPart,
    charges: Vec<ChargeRow>,
    rate_version: String,
    legs: Vec<LegRow>,
    decision: Option<DecisionPart>,
    ladder: Ladder,
    /// What was recorded of it; for who may hear that.
    recordings: Option<RecordingsPart>,
    /// Where the pages of calls are: the tenant's, or the operator's.
    base: &'static str,
}

/// The call.
struct CallPart {
    id: String,
    live: bool,
    from: String,
    to: String,
    direction: &'static str,
    outcome: Badge,
    codes: String,
    explanation: String,
    duration: String,
    started: At,
    answered: Option<At>,
    ended: Option<At>,
    total: String,
}

/// One line of its cost.
struct ChargeRow {
    description: String,
    billed: String,
    per_minute: String,
    amount: String,
}

/// One leg, and what was heard from its peer.
struct LegRow {
    name: &'static str,
    peer: String,
    codec: String,
    packets: String,
    lost: String,
    foreign: String,
    jitter: String,
    round_trip: String,
    score: Badge,
    sent: String,
    verdict: Badge,
    explanation: String,
}

#[get("/app/calls/{id}")]
pub(super) async fn show(app: Data<App>, member: Member, id: Path<String>) -> PageResult {
    page(&app, &member, &member.actor, Place::Calls, &id).await
}

#[get("/operator/calls/{id}")]
pub(super) async fn show_to_operator(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    page(&app, &operator, &operator.actor, Place::Live, &id).await
}

async fn page(app: &App, visit: &Visit, actor: &Actor, place: Place, id: &str) -> PageResult {
    let id = call_id(id)?;
    let call = app::calls::get(app, actor, id).await?;
    let trace = app::calls::trace(app, actor, id).await?;
    visit.page(&CallPage {
        shell: visit.shell(place),
        ladder: Ladder::new(&trace),
        recordings: recordings::part(app, actor, &call).await?,
        base: base(actor),
        charges: call.charges.iter().map(ChargeRow::from).collect(),
        rate_version: call.charges.first().map(|charge| charge.rate_version.clone()).unwrap_or_default(),
        legs: call.legs.iter().flatten().map(LegRow::from).collect(),
        decision: call.decision.as_ref().map(DecisionPart::from),
        call: CallPart::from(&call),
    })
}

#[get("/app/calls/{id}/trace.pcap")]
pub(super) async fn capture(app: Data<App>, member: Member, id: Path<String>) -> PageResult {
    file(&app, &member.actor, &id).await
}

#[get("/operator/calls/{id}/trace.pcap")]
pub(super) async fn capture_for_operator(app: Data<App>, operator: Operator, id: Path<String>) -> PageResult {
    file(&app, &operator.actor, &id).await
}

async fn file(app: &App, actor: &Actor, id: &str) -> PageResult {
    let bytes = app::calls::trace_capture(app, actor, call_id(id)?).await?;
    Ok(crate::api::v1::capture(id, bytes))
}

#[post("/app/calls/{id}/end")]
pub(super) async fn end(
    app: Data<App>,
    member: Member,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    end_call(&app, &member, &member.actor, &id).await
}

#[post("/operator/calls/{id}/end")]
pub(super) async fn end_by_operator(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    _form: Posted<Nothing>,
) -> PageResult {
    end_call(&app, &operator, &operator.actor, &id).await
}

async fn end_call(app: &App, visit: &Visit, actor: &Actor, id: &str) -> PageResult {
    let id = call_id(id)?;
    let back = format!("{}/{id}", base(actor));
    match app::calls::end(app, actor, id).await {
        Ok(()) => Ok(visit.go_saying(&back, Done::CallEnding)),
        // It ended by itself meanwhile, which is what was wanted.
        Err(app::Error::Conflict { .. }) => Ok(visit.go(&back)),
        Err(failed) => Err(failed.into()),
    }
}

/// Where the pages of calls are for this reader.
fn base(actor: &Actor) -> &'static str {
    if actor.role == Role::Operator { "/operator/calls" } else { "/app/calls" }
}

/// A call's identifier out of the path; what is none is nothing that anybody has.
fn call_id(text: &str) -> Result<CallId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

impl From<&CallView> for CallPart {
    fn from(call: &CallView) -> Self {
        let outcome = call.outcome.as_ref();
        let codes = outcome
            .map(|outcome| format!("{} · {}/{}", outcome.cause.word(), outcome.code, outcome.sub_code));
        let under_way =
            if call.answered_at.is_some() { "The call is up." } else { "It has not been answered yet." };
        Self {
            id: call.id.to_string(),
            live: call.state == CallState::Live,
            from: caller(call),
            to: call.to.clone(),
            direction: words::direction(call.direction),
            outcome: words::outcome(call),
            codes: codes.unwrap_or_else(|| "–".to_owned()),
            explanation: outcome.map_or(under_way, |outcome| outcome.explanation.as_str()).to_owned(),
            duration: words::duration(call.duration_ms),
            started: At::from(call.started_at),
            answered: call.answered_at.map(At::from),
            ended: call.ended_at.map(At::from),
            total: words::money(call.total),
        }
    }
}

impl From<&ChargeView> for ChargeRow {
    fn from(charge: &ChargeView) -> Self {
        Self {
            description: charge.description.clone(),
            billed: format!("{} ms", words::count(charge.billed_ms)),
            per_minute: words::rate(charge.per_minute),
            amount: words::money(charge.amount),
        }
    }
}

impl From<&LegView> for LegRow {
    fn from(leg: &LegView) -> Self {
        let peer = match (&leg.peer, &leg.transport) {
            (Some(peer), Some(transport)) => format!("{peer} {}", transport.to_uppercase()),
            (Some(peer), None) => peer.clone(),
            (None, _) => "–".to_owned(),
        };
        let quality = &leg.quality;
        let lost = words::count(leg.received.lost);
        Self {
            name: if leg.side == "caller" { "Caller" } else { "Callee" },
            peer,
            codec: match (leg.codec.as_str(), leg.is_encrypted) {
                ("", _) => "–".to_owned(),
                (codec, true) => format!("{codec}, SRTP"),
                (codec, false) => codec.to_owned(),
            },
            packets: words::count(leg.received.packets),
            lost: match leg.received.lost {
                0 => lost,
                some => format!("{lost} ({})", share(some, some + leg.received.packets)),
            },
            foreign: match leg.received.unauthentic {
                0 => words::count(leg.received.foreign),
                forged => format!("{}, {} forged", words::count(leg.received.foreign), words::count(forged)),
            },
            jitter: match quality.jitter_max_us {
                0 => millis(leg.received.jitter_us),
                most => format!("{}, at most {}", millis(quality.jitter_mean_us), millis(most)),
            },
            round_trip: quality.round_trip_us.map_or_else(|| "–".to_owned(), millis),
            score: score(quality.mos),
            sent: match quality.reported {
                Some(said) if said.lost > 0 => {
                    let lost = share(said.lost, said.of.max(said.lost));
                    format!("{}, {lost} lost there", words::count(leg.sent_packets))
                }
                Some(_) | None => words::count(leg.sent_packets),
            },
            verdict: verdict(&leg.verdict),
            explanation: leg.explanation.clone(),
        }
    }
}

/// Microseconds as milliseconds with one digit.
fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
}

/// So many of so many, in percent with one digit.
fn share(part: u64, all: u64) -> String {
    let tenths = part.saturating_mul(1_000) / all.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// An opinion score by whether it satisfies: from 4.03 on most users, below 3.6 many not (ITU-T G.109).
fn score(hundredths: Option<u16>) -> Badge {
    let Some(score) = hundredths else { return Badge::new("", "–".to_owned()) };
    let tone = match score {
        403.. => "good",
        360.. => "warn",
        _ => "bad",
    };
    Badge::new(tone, format!("{}.{:02}", score / 100, score % 100))
}

/// The word about what was heard, by whether somebody should look into it.
fn verdict(word: &str) -> Badge {
    let tone = match word {
        "flowing" => "good",
        "" | "not-agreed" => "",
        _ => "bad",
    };
    Badge::new(tone, if word.is_empty() { "no media".to_owned() } else { word.replace('-', " ") })
}
