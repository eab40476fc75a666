//! Numbers that change their provider: the pages of a tenant, and those of the operator, which differ in what can be done.

mod form;
mod guard;
mod operator;
mod request;
mod tenant;

pub(super) use guard::GuardPart;

use super::{
    page::Shell,
    words::{self, Badge},
};
use actix_web::web::ServiceConfig;
use app::{
    Error, Page, PageRequest,
    porting::{Filter, PortingRequest},
};
use askama::Template;
use chrono::NaiveDate;
use domain::porting::{Direction, State};
use form::OutForm;
use serde::Deserialize;

/// Requests on one page.
const ROWS: u32 = 50;
/// The tenant's pages.
const OWN: &str = "/app/porting";
/// The operator's pages.
const ALL: &str = "/operator/porting";

pub(super) fn mount(pages: &mut ServiceConfig) {
    tenant::mount(pages);
    operator::mount(pages);
    guard::mount(pages);
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    after: Option<String>,
}

impl Part {
    fn request(self) -> PageRequest {
        PageRequest { after: self.after, size: ROWS }
    }
}

#[derive(Template)]
#[template(path = "porting/index.html")]
struct ListPage {
    shell: Shell,
    /// Under which address the pages are.
    root: &'static str,
    is_operator: bool,
    is_out: bool,
    rows: Vec<Row>,
    next: Option<String>,
    next_label: &'static str,
    form: OutForm,
    error: Option<String>,
}

/// A request, in words.
struct Row {
    href: String,
    numbers: String,
    provider: String,
    tenant: String,
    state: Badge,
    when: String,
}

impl ListPage {
    fn of(shell: Shell, root: &'static str, direction: Direction, found: Page<PortingRequest>) -> Self {
        let way = direction.word();
        Self {
            shell,
            root,
            is_operator: root == ALL,
            is_out: direction == Direction::Out,
            next: found.next.map(|after| format!("{root}/{way}?after={after}")),
            next_label: "Older requests",
            rows: found.value.iter().map(|request| row(root, request)).collect(),
            form: OutForm::default(),
            error: None,
        }
    }
}

fn row(root: &str, request: &PortingRequest) -> Row {
    Row {
        href: format!("{root}/{}/{}", request.direction.word(), request.id),
        numbers: named(request),
        provider: request.provider.clone(),
        tenant: request.tenant.to_string(),
        state: badge(request.state),
        when: when(request),
    }
}

/// The first number, and how many more there are.
fn named(request: &PortingRequest) -> String {
    let first = request.numbers.first().map(|row| row.number.to_string()).unwrap_or_default();
    match request.numbers.len() {
        0 | 1 => first,
        all => format!("{first} and {} more", all - 1),
    }
}

/// What is next for it, as far as that has a day.
fn when(request: &PortingRequest) -> String {
    match (request.closed_at, request.firm_on, request.answer_by, request.wanted_on) {
        (Some(at), ..) => format!("over since {}", words::day(at)),
        (None, Some(day), ..) => format!("moves on {}", in_words(day)),
        (None, None, Some(until), _) => format!("answer until {}", words::day(until)),
        (None, None, None, Some(day)) => format!("wanted on {}", in_words(day)),
        (None, None, None, None) => format!("since {}", words::day(request.created_at)),
    }
}

fn in_words(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

fn badge(state: State) -> Badge {
    match state {
        State::Draft => Badge::new("", "draft"),
        State::Submitted => Badge::new("", "with the operator"),
        State::Rejected => Badge::new("bad", "rejected"),
        State::Accepted => Badge::new("good", "accepted"),
        State::Requested => Badge::new("warn", "asks the tenant"),
        State::Confirmed => Badge::new("", "confirmed"),
        State::Objected => Badge::new("warn", "objected"),
        State::Scheduled => Badge::new("good", "has its day"),
        State::Completed => Badge::new("good", "done"),
        State::Cancelled => Badge::new("", "given up"),
    }
}

const fn all(direction: Direction) -> Filter {
    Filter { direction, state: None }
}

/// A day as a form says it; nothing where it is left empty.
fn day(field: &str, text: &str) -> Result<Option<NaiveDate>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = |_| Error::invalid(field, "give the day as 2026-12-14");
    text.parse().map(Some).map_err(read)
}
