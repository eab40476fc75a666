//! The delivery log: what was sent, what was answered, and how to have it sent again.

use super::{
    attempt::{self, Tried},
    find, tenant_of,
};
use crate::{
    App, Error, Page, PageRequest,
    audit::{self, Change},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission},
    events::{EventKind, Schema},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{
    deliveries::{DEAD, DELIVERED, Delivery, PENDING},
    webhooks::Webhook,
};
use uuid::Uuid;

/// Dead letters that one request has sent again at most.
const REDELIVER_MAX: u64 = 1_000;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryState {
    /// It waits, or is under way.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up: a dead letter.
    Dead,
}

/// A try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// When.
    pub at: DateTime<Utc>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// How the body looked.
    pub schema: Schema,
    /// What was sent beside the body, without the signature.
    pub headers: Vec<(String, String)>,
    /// What was answered.
    pub status: Option<u16>,
    /// What was answered beside the body, without what is secret.
    pub reply_headers: Vec<(String, String)>,
    /// The beginning of what was answered.
    pub reply_body: Option<String>,
    /// Whether there was more of it.
    pub is_cut: bool,
    /// Why it failed.
    pub error: Option<String>,
}

/// One event on its way to one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// Its identifier.
    pub id: Uuid,
    /// Which event: what the receiver sees as its id.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: &'static str,
    /// What the event is about.
    pub subject: String,
    /// When it happened.
    pub event_at: DateTime<Utc>,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<DateTime<Utc>>,
    /// The last answer's status.
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it arrived, or was given up.
    pub done_at: Option<DateTime<Utc>>,
    /// The body, as it looks in the subscription's schema; of one delivery alone, not of a list.
    pub body: Option<Value>,
    /// The last tries, oldest first; of one delivery alone.
    pub log: Vec<AttemptView>,
}

/// The deliveries of a subscription, in one state or in all, newest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn deliveries(
    app: &App,
    actor: &Actor,
    (webhook, state): (Uuid, Option<DeliveryState>),
    page: &PageRequest,
) -> Result<Page<DeliveryView>, Error> {
    let scope = actor.scope(Permission::ReadEvents)?;
    let on = app.db().read();
    find(on, &scope, webhook).await?;
    let which = (webhook, state.map(DeliveryState::word));
    let rows = store::deliveries::list(on, &scope, which, page.key()?, page.limit()).await?;
    Ok(page.cut(rows.iter().map(view).collect(), |view| view.id.to_string()))
}

/// One delivery with its body and its tries.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn delivery(app: &App, actor: &Actor, webhook: Uuid, id: Uuid) -> Result<DeliveryView, Error> {
    let scope = actor.scope(Permission::ReadEvents)?;
    let on = app.db().read();
    let owner = find(on, &scope, webhook).await?;
    let row = store::deliveries::get(on, &scope, webhook, id).await?.ok_or_else(no_delivery)?;
    let log: Vec<Tried> = serde_json::from_str(&row.log).map_err(Error::internal)?;
    let schema = log.last().map_or_else(|| schema_of(&owner), |tried| tried.schema);
    let body = attempt::event(&row, attempt::topic(app, row.tenant_id))?.body(schema);
    Ok(DeliveryView { body: Some(body), log: log.into_iter().map(AttemptView::from).collect(), ..view(&row) })
}

/// Has a delivery sent again, whatever became of it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Conflict`] while it is under way.
pub async fn redeliver(app: &App, actor: &Actor, webhook: Uuid, id: Uuid) -> Result<DeliveryView, Error> {
    let many = again(app, actor, webhook, Some(id)).await?;
    if many == 0 {
        return Err(Error::conflict(
            "delivery",
            "it is under way at this moment: look again in some seconds",
        ));
    }
    delivery(app, actor, webhook, id).await
}

/// Has the dead letters of a subscription sent again, 1,000 at most, and says how many they were.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn redeliver_dead(app: &App, actor: &Actor, webhook: Uuid) -> Result<u64, Error> {
    again(app, actor, webhook, None).await
}

async fn again(app: &App, actor: &Actor, webhook: Uuid, one: Option<Uuid>) -> Result<u64, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    let now = app.now();
    let many = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let owner = find(tx, &scope, webhook).await?;
            if let Some(id) = one
                && store::deliveries::get(tx, &scope, webhook, id).await?.is_none()
            {
                return Err(no_delivery());
            }
            let times = (now, now + Duration::minutes(owner.life_minutes.into()));
            let many = store::deliveries::redeliver(tx, &scope, (webhook, one), times, REDELIVER_MAX).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.redeliver",
                target: &owner.id.to_string(),
                before: Value::Null,
                after: json!({ "name": owner.name, "delivery": one, "deliveries": many }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(many)
        })
        .await?;
    app.webhooks().forget(webhook);
    app.events().ring();
    Ok(many)
}

fn no_delivery() -> Error {
    Error::not_found("delivery", "there is no such delivery: it was never made, or is older than a week")
}

fn schema_of(row: &Webhook) -> Schema {
    Schema::from_word(&row.schema).unwrap_or_default()
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => PENDING,
            Self::Delivered => DELIVERED,
            Self::Dead => DEAD,
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

pub(super) fn view(row: &Delivery) -> DeliveryView {
    let said: Value = serde_json::from_str(&row.payload).unwrap_or_default();
    let state = DeliveryState::from_word(&row.state).unwrap_or(DeliveryState::Dead);
    DeliveryView {
        id: row.id,
        event_id: row.event_id,
        event_type: EventKind::from_word(&row.kind).map_or("", EventKind::type_name),
        subject: said["subject"].as_str().unwrap_or_default().to_owned(),
        event_at: row.event_at,
        state,
        attempts: row.attempts.unsigned_abs(),
        next_at: Some(row.next_at).filter(|_| state == DeliveryState::Pending),
        last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
        last_error: row.last_error.clone(),
        done_at: row.done_at,
        body: None,
        log: Vec::new(),
    }
}

impl From<Tried> for AttemptView {
    fn from(tried: Tried) -> Self {
        Self {
            at: tried.at,
            took_ms: tried.took_ms,
            schema: tried.schema,
            headers: tried.headers,
            status: tried.status,
            reply_headers: tried.reply_headers,
            reply_body: tried.reply_body,
            is_cut: tried.is_cut,
            error: tried.error,
        }
    }
}
