//! Subscriptions as their owners see them.

use super::check::without_query;
use crate::{Error, snapshot::load::read};
use chrono::{DateTime, Utc};
use domain::events::{EventKind, Schema};
use serde::Serialize;
use serde_json::{Value, json};
use store::webhooks::{AWAITING, VALID, Webhook};
use uuid::Uuid;

/// Whether an endpoint has proved that it wants events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ValidationState {
    /// It has.
    Valid,
    /// It was asked, and its owner may still open the address that it was given.
    Awaiting,
    /// It did not, in time: no events go there until it is asked again and does.
    Failed,
}

/// How the proof stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// Whether it was given.
    pub state: ValidationState,
    /// Until when it may be given by hand.
    pub until: Option<DateTime<Utc>>,
    /// Why it was not given at once.
    pub error: Option<String>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookView {
    /// Its identifier.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// How they look.
    pub schema: Schema,
    /// Their kinds; empty for all.
    pub kinds: Vec<EventKind>,
    /// What their subject begins with.
    pub subject_begins_with: String,
    /// What their subject ends with.
    pub subject_ends_with: String,
    /// Whether events go there.
    pub enabled: bool,
    /// Tries of one delivery.
    pub max_attempts: u32,
    /// Minutes for which a delivery is tried.
    pub life_minutes: u32,
    /// Whether the endpoint wants them.
    pub validation: Validation,
    /// Requests a minute that it allows; `None` where it does not say.
    pub allowed_per_minute: Option<u32>,
    /// Until when the secret before this one signs, too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Events that its queue had no room for.
    pub dropped: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A subscription that was made, with the secret that signs its bodies: it is shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The subscription.
    pub webhook: WebhookView,
    /// `whsec_` and base64.
    pub secret: String,
}

pub(super) fn view(row: &Webhook, now: DateTime<Utc>) -> Result<WebhookView, Error> {
    let names: Vec<String> = read("webhooks.event_types", row.event_types.clone())?;
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    Ok(WebhookView {
        id: row.id,
        name: row.name.clone(),
        url: row.url.clone(),
        schema: Schema::from_word(&row.schema).unwrap_or_default(),
        kinds: names.iter().filter_map(|name| EventKind::from_type_name(name)).collect(),
        subject_begins_with: row.subject_begins_with.clone(),
        subject_ends_with: row.subject_ends_with.clone(),
        enabled: row.enabled,
        max_attempts: positive(row.max_attempts),
        life_minutes: positive(row.life_minutes),
        validation: validation(row, now),
        allowed_per_minute: row.allowed_per_minute.map(positive),
        previous_secret_until: row.previous_until.filter(|until| *until > now),
        dropped: row.dropped.unsigned_abs(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn validation(row: &Webhook, now: DateTime<Utc>) -> Validation {
    let is_open = row.validation_until.is_some_and(|until| until > now);
    let state = match row.validation.as_str() {
        VALID => ValidationState::Valid,
        AWAITING if is_open => ValidationState::Awaiting,
        _ => ValidationState::Failed,
    };
    let is_valid = state == ValidationState::Valid;
    Validation {
        state,
        until: row.validation_until.filter(|_| state == ValidationState::Awaiting),
        error: row.validation_error.clone().filter(|_| !is_valid),
    }
}

/// A subscription as the audit keeps it: without secrets, and without what stands in its address's query.
pub(super) fn audited(row: &Webhook) -> Value {
    json!({
        "name": row.name,
        "url": without_query(&row.url),
        "schema": row.schema,
        "eventTypes": row.event_types,
        "subjectBeginsWith": row.subject_begins_with,
        "subjectEndsWith": row.subject_ends_with,
        "enabled": row.enabled,
        "maxDeliveryAttempts": row.max_attempts,
        "timeToLiveMinutes": row.life_minutes,
    })
}
