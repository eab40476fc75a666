//! The outbox: what must leave the platform is written with the change that causes it, and delivered by a job.

use crate::{App, Error, List, Window, invoices};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    events::EventKind,
};
use serde::Serialize;
use serde_json::Value;
use store::{
    Tx,
    outbox::{DONE, FAILED, KEPT, Message, PENDING},
};
use uuid::Uuid;
use vendors::{Attachment, Mail, MailError};

/// The kind of a mail among the messages.
pub const MAIL: &str = "mail";

/// A message that leaves, or left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxView {
    /// Its identifier.
    pub id: Uuid,
    /// `mail`, `call.ended`, …
    pub kind: String,
    /// What it says; of a mail that left, without its text, which may hold a link that opens something.
    pub payload: Value,
    /// `pending`, `done`, `kept` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// What the last try said.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Kinds that somebody delivers; all others are kept.
const DELIVERED: [&str; 1 + EventKind::ALL.len()] = delivered();
/// Days that a message stays after it left, or was found to have nobody to go to.
const RETENTION_DAYS: i64 = 7;
/// Messages that one statement keeps or deletes at most.
const SWEEP_BATCH: u64 = 1_000;
/// Such statements in one run at most; the next run goes on.
const SWEEP_ROUNDS: usize = 50;
/// Messages that one round delivers at most.
const BATCH: u64 = 20;
/// Tries of one message.
const TRIES_MAX: i32 = 8;
/// Pause after the first try; doubled after each further one.
const PAUSE_SECONDS: i64 = 30;
/// Characters of an error that are kept.
const ERROR_MAX: usize = 500;

const fn delivered() -> [&'static str; 1 + EventKind::ALL.len()] {
    let mut kinds = [MAIL; 1 + EventKind::ALL.len()];
    let mut place = 0;
    while place < EventKind::ALL.len() {
        kinds[place + 1] = EventKind::ALL[place].word();
        place += 1;
    }
    kinds
}

/// The outbox, or its messages of one kind, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(
    app: &App,
    actor: &Actor,
    kind: Option<&str>,
    window: Window,
) -> Result<List<OutboxView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let rows = store::outbox::list(app.db().read(), &scope, kind, window.passed(), window.fetch()).await?;
    Ok(window.cut(rows.into_iter().map(view).collect()))
}

/// Whether mails leave: a mail server is set.
#[must_use]
pub fn sends_mail(app: &App) -> bool {
    app.deps().mailer.sends()
}

/// Delivers the mails that are due, a bounded batch at a time, and says how many left. Where no mail server is set they
/// are kept, and logged; messages of kinds that nobody delivers are kept too. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; a message that cannot be delivered is tried again later.
pub async fn deliver(app: &App) -> Result<u64, Error> {
    let scope = Scope::system("messages of all tenants leave");
    in_rounds(app, async |tx| store::outbox::keep_others(tx, &scope, &DELIVERED, SWEEP_BATCH).await).await?;
    let due = store::outbox::due(app.db().read(), &scope, MAIL, app.now(), BATCH).await?;
    let mut left = 0;
    for message in due {
        let after = try_mail(app, message).await;
        left += u64::from(after.state == DONE);
        app.db()
            .write::<_, Error, _>(async |tx| Ok(store::outbox::update(tx, &scope, after.clone()).await?))
            .await?;
    }
    Ok(left)
}

/// Deletes the messages that are not waiting and were due more than seven days before `now`, and says how many. For
/// the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    let scope = Scope::system("messages of all tenants grow old");
    let before = now - Duration::days(RETENTION_DAYS);
    in_rounds(app, async |tx| store::outbox::sweep(tx, &scope, before, SWEEP_BATCH).await).await
}

/// Works through many messages in short transactions, so that calls are written in between, and says how many they were.
async fn in_rounds(app: &App, work: impl AsyncFn(&Tx) -> Result<u64, store::Error>) -> Result<u64, Error> {
    let mut all = 0;
    for _ in 0..SWEEP_ROUNDS {
        let some = app.db().write::<_, Error, _>(async |tx| Ok(work(tx).await?)).await?;
        all += some;
        if some < SWEEP_BATCH {
            break;
        }
    }
    Ok(all)
}

/// A mail as it is after a try.
async fn try_mail(app: &App, mut message: Message) -> Message {
    let text = |name: &str| message.payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut mail = Mail { to: text("to"), subject: text("subject"), text: text("text"), attachment: None };
    message.attempts = message.attempts.saturating_add(1);
    let invoice = text("invoice").parse().ok();
    match attach(app, invoice, &mut mail).await {
        Ok(()) => {}
        Err(error) => {
            tracing::error!(%error, to = mail.to, "a mail leaves without the invoice that it is about")
        }
    }
    match app.deps().mailer.send(&mail).await {
        Ok(()) => message.state = DONE.to_owned(),
        Err(MailError::NoServer) => {
            tracing::info!(
                to = mail.to,
                subject = mail.subject,
                "no mail server is set: the mail is kept in the outbox"
            );
            message.state = KEPT.to_owned();
        }
        Err(error) => {
            tracing::warn!(to = mail.to, attempt = message.attempts, %error, "a mail did not leave");
            message.last_error = Some(error.to_string().chars().take(ERROR_MAX).collect());
            if message.attempts >= TRIES_MAX {
                message.state = FAILED.to_owned();
            }
            let doublings = u32::try_from(message.attempts.clamp(1, TRIES_MAX) - 1).unwrap_or(0);
            message.next_at = app.now() + Duration::seconds(PAUSE_SECONDS << doublings);
        }
    }
    message
}

/// Attaches the pages of an invoice, where the mail is about one and there is somebody who takes it.
async fn attach(app: &App, invoice: Option<Uuid>, mail: &mut Mail) -> Result<(), Error> {
    if let Some(id) = invoice.filter(|_| app.deps().mailer.sends()) {
        let (name, bytes) = invoices::pdf_of(app, id).await?;
        mail.attachment = Some(Attachment { name, content_type: "application/pdf", bytes });
    }
    Ok(())
}

/// The state in which a message of a kind begins: it waits, or there is nobody whom it could wait for.
pub(crate) fn first_state(kind: &str) -> &'static str {
    if DELIVERED.contains(&kind) { PENDING } else { KEPT }
}

/// A new message, to be tried at once.
pub(crate) fn message(tenant: Option<Uuid>, kind: &str, payload: Value, now: DateTime<Utc>) -> Message {
    Message {
        id: Uuid::now_v7(),
        tenant_id: tenant,
        kind: kind.to_owned(),
        payload,
        state: first_state(kind).to_owned(),
        attempts: 0,
        next_at: now,
        last_error: None,
        created_at: now,
    }
}

fn view(mut row: Message) -> OutboxView {
    // Whoever it was for has it: nobody else needs the link in it.
    if let (DONE, Some(payload)) = (row.state.as_str(), row.payload.as_object_mut()) {
        payload.remove("text");
    }
    OutboxView {
        id: row.id,
        kind: row.kind,
        payload: row.payload,
        state: row.state,
        attempts: row.attempts,
        last_error: row.last_error,
        created_at: row.created_at,
    }
}
