//! The operator's outbox: what leaves the platform. Without a mail server it is where the operator finds the link that
//! a newcomer waits for.

use super::{
    page::{Place, Shell},
    visit::{Operator, PageResult},
    words::{At, Badge},
};
use actix_web::{
    get,
    web::{Data, Query},
};
use app::{
    App, Window,
    outbox::{MAIL, OutboxView},
};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

/// Messages on one page.
const ROWS: u64 = 50;

#[derive(Template)]
#[template(path = "operator/outbox.html")]
struct OutboxPage {
    shell: Shell,
    sends_mail: bool,
    mails_only: bool,
    messages: Vec<MessageRow>,
    next: Option<String>,
    next_label: &'static str,
}

/// One message.
struct MessageRow {
    at: At,
    kind: String,
    to: String,
    subject: String,
    state: Badge,
    attempts: i32,
    error: Option<String>,
    body: Option<String>,
}

/// Which part of the messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    skip: u64,
    kind: String,
}

#[get("/operator/outbox")]
pub(super) async fn show(app: Data<App>, operator: Operator, part: Query<Part>) -> PageResult {
    let mails_only = part.kind == MAIL;
    let window = Window { skip: part.skip, limit: ROWS };
    let messages = app::outbox::list(&app, &operator.actor, mails_only.then_some(MAIL), window).await?;
    let kind = if mails_only { "&kind=mail" } else { "" };
    operator.page(&OutboxPage {
        shell: operator.shell(Place::Outbox),
        sends_mail: app::outbox::sends_mail(&app),
        mails_only,
        messages: messages.value.iter().map(MessageRow::from).collect(),
        next: messages.next_skip.map(|skip| format!("/operator/outbox?skip={skip}{kind}")),
        next_label: "Older",
    })
}

impl From<&OutboxView> for MessageRow {
    fn from(message: &OutboxView) -> Self {
        let text = |name: &str| message.payload.get(name).and_then(Value::as_str).map(str::to_owned);
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let body = if message.kind == MAIL { text("text") } else { Some(format!("{:#}", message.payload)) };
        Self {
            at: At::from(message.created_at),
            kind: message.kind.clone(),
            to: or_none(text("to")),
            subject: or_none(text("subject")),
            state: state(&message.state),
            attempts: message.attempts,
            error: message.last_error.clone(),
            body,
        }
    }
}

/// The words of a state, for people.
fn state(word: &str) -> Badge {
    match word {
        "pending" => Badge::new("warn", "waits"),
        "done" => Badge::new("good", "sent"),
        "failed" => Badge::new("bad", "not sent"),
        kept => Badge::new("", kept),
    }
}
