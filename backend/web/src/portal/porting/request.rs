//! The page of one request. Who looks at it says what can be done.

use super::{
    badge,
    form::{DraftForm, MoveForm},
    in_words, named,
};
use crate::portal::{
    page::Shell,
    trunks::{Choice, choices},
    words::{self, At, Badge},
};
use app::{
    App,
    porting::{NumberState, PortingRequest, PortingWhole},
};
use askama::Template;
use domain::{
    ids::CarrierId,
    porting::{Action, Direction, Party, State, transfer_code},
};
use uuid::Uuid;

/// Types of numbers, and how they are called.
const TYPES: [(&str, &str, bool); 3] =
    [("geographic", "geographic", true), ("mobile", "mobile", true), ("tollFree", "toll-free", true)];

#[derive(Template)]
#[template(path = "porting/show.html")]
pub(super) struct RequestPage {
    pub(super) shell: Shell,
    pub(super) root: &'static str,
    pub(super) way: &'static str,
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) state: Badge,
    pub(super) reason: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) numbers: Vec<NumberRow>,
    pub(super) documents: Vec<DocumentRow>,
    pub(super) steps: Vec<StepRow>,
    pub(super) can: Can,
    pub(super) is_draft: bool,
    pub(super) is_out: bool,
    pub(super) draft: DraftPart,
    pub(super) moves: MoveForm,
    pub(super) currency: String,
    pub(super) error: Option<String>,
}

#[derive(Template)]
#[template(path = "porting/new.html")]
pub(super) struct NewPage {
    pub(super) shell: Shell,
    pub(super) draft: DraftPart,
    pub(super) error: Option<String>,
}

/// The form of a draft.
pub(super) struct DraftPart {
    pub(super) form: DraftForm,
    pub(super) types: Vec<Choice>,
    /// How the other provider's code is called, where it wants one.
    pub(super) code: Option<&'static str>,
    pub(super) has_pin: bool,
}

impl DraftPart {
    pub(super) fn of(form: DraftForm, has_pin: bool) -> Self {
        let number_type = form.number_type.parse().ok();
        Self {
            types: choices(&TYPES, &form.number_type),
            code: number_type.and_then(|kind| transfer_code(&form.country.to_ascii_uppercase(), kind)),
            has_pin,
            form,
        }
    }
}

/// A number of the request.
pub(super) struct NumberRow {
    pub(super) number: String,
    pub(super) state: Badge,
    pub(super) reason: String,
}

/// A paper of the request.
pub(super) struct DocumentRow {
    pub(super) id: Uuid,
    pub(super) kind: &'static str,
    pub(super) what: String,
    pub(super) at: At,
}

/// A step that it took.
pub(super) struct StepRow {
    pub(super) at: At,
    pub(super) state: Badge,
    pub(super) by: &'static str,
    pub(super) note: String,
}

/// What whoever looks can do.
#[derive(Default)]
pub(super) struct Can {
    pub(super) submit: bool,
    pub(super) revise: bool,
    pub(super) accept: bool,
    pub(super) reject: bool,
    pub(super) confirm: bool,
    pub(super) object: bool,
    pub(super) schedule: bool,
    pub(super) complete: bool,
    pub(super) cancel: bool,
}

impl Can {
    fn of(actions: &[Action]) -> Self {
        let has = |action| actions.contains(&action);
        Self {
            submit: has(Action::Submit),
            revise: has(Action::Revise),
            accept: has(Action::Accept),
            reject: has(Action::Reject),
            confirm: has(Action::Confirm),
            object: has(Action::Object),
            schedule: has(Action::Schedule),
            complete: has(Action::Complete),
            cancel: has(Action::Cancel),
        }
    }
}

impl RequestPage {
    /// The page of a request under an address; `is_operator` says who looks.
    pub(super) fn of(
        app: &App,
        shell: Shell,
        root: &'static str,
        is_operator: bool,
        whole: PortingWhole,
    ) -> Self {
        let request = whole.request;
        Self {
            shell,
            root,
            way: request.direction.word(),
            id: request.id,
            title: named(&request),
            state: badge(request.state),
            reason: request.reason.clone(),
            tenant: is_operator.then(|| request.tenant.to_string()),
            facts: facts(app, is_operator, &request),
            numbers: request.numbers.iter().map(number).collect(),
            documents: whole.documents.into_iter().map(document).collect(),
            steps: whole.steps.into_iter().map(step).collect(),
            can: Can::of(&request.actions),
            is_draft: request.state == State::Draft,
            is_out: request.direction == Direction::Out,
            moves: MoveForm {
                firm_on: request.firm_on.or(request.wanted_on).map(|day| day.to_string()).unwrap_or_default(),
                carrier: request.carrier.map(|id| carrier(app, id)).unwrap_or_default(),
                ..MoveForm::default()
            },
            draft: DraftPart::of(DraftForm::of(&request), request.details.pin.is_some()),
            currency: String::new(),
            error: None,
        }
    }
}

fn carrier(app: &App, id: CarrierId) -> String {
    let live = app.live();
    let known = live.config.platform.value.carriers.iter().find(|one| one.id == id);
    known.map_or_else(|| id.to_string(), |one| one.name.clone())
}

/// What is said of it; the operator reads what the tenant's provider wants to hear.
fn facts(app: &App, is_operator: bool, request: &PortingRequest) -> Vec<(&'static str, String)> {
    let details = &request.details;
    let address = &details.address;
    let mut lines = address.lines.clone();
    lines.push([&address.postal_code, &address.locality, &address.region].map(String::as_str).join(" "));
    let pin = details.pin.as_ref().map(|pin| if is_operator { pin.clone() } else { "given".to_owned() });
    let is_out = request.direction == Direction::Out;
    let all = [
        (if is_out { "Goes to" } else { "Comes from" }, Some(request.provider.clone())),
        ("Numbers", Some(format!("{} of {}", words::number_type(request.number_type), request.country))),
        ("Their reference", Some(details.reference.clone())),
        ("Account number", Some(details.account_number.clone())),
        ("Code", pin),
        ("Authorised", Some(details.authorised_name.clone())),
        ("Billing address", Some(lines.join(", ").trim().trim_matches(',').to_owned())),
        ("Wanted on", request.wanted_on.map(in_words)),
        ("Moves on", request.firm_on.map(in_words)),
        ("Answer until", request.answer_by.map(|until| At::from(until).text)),
        ("A month of each", request.monthly.map(words::money)),
        ("Bringing each", request.setup.filter(|fee| fee.micros > 0).map(words::money)),
        ("Carrier", request.carrier.filter(|_| is_operator).map(|id| carrier(app, id))),
        ("Opened by", is_out.then(|| party(request.opened_by).to_owned())),
    ];
    all.into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}

const fn party(party: Party) -> &'static str {
    match party {
        Party::Tenant => "the tenant",
        Party::Operator => "the operator",
    }
}

fn number(row: &app::porting::PortingNumber) -> NumberRow {
    NumberRow {
        number: row.number.to_string(),
        state: match row.state {
            NumberState::Pending => Badge::new("", "waits"),
            NumberState::Accepted => Badge::new("good", "moves"),
            NumberState::Rejected => Badge::new("bad", "stays"),
            NumberState::Ported => Badge::new("good", "has moved"),
        },
        reason: row.reason.clone().unwrap_or_default(),
    }
}

fn document(view: app::porting::DocumentView) -> DocumentRow {
    DocumentRow {
        id: view.id,
        kind: match view.kind.as_str() {
            "letterOfAuthority" => "letter of authority",
            "bill" => "bill",
            _ => "other",
        },
        what: format!("{}, {} KiB", view.content_type, (view.bytes + 1023) / 1024),
        at: At::from(view.created_at),
    }
}

fn step(view: app::porting::StepView) -> StepRow {
    StepRow {
        at: At::from(view.at),
        state: badge(view.to),
        by: party(view.by),
        note: view.note.unwrap_or_default(),
    }
}
