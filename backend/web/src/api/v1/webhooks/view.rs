//! Subscriptions as the API shows and takes them.

use app::webhooks::{self, Created, DepthView, ValidationState, WebhookView};
use chrono::{DateTime, Utc};
use domain::events::{ATTEMPTS_MAX, EventKind, LIFE_MINUTES_MAX, Schema};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A webhook to make, or as it is to be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WebhookDraft, example = json!({
    "name": "main", "url": "https://hooks.example.com/dialtone", "schema": "CloudEventSchemaV1_0",
    "eventTypes": ["Microsoft.Communication.IncomingCall", "Dialtone.BalanceLow"]
}))]
pub(crate) struct Draft {
    /// Unique in the tenant: 3 to 64 letters, digits and hyphens.
    name: String,
    /// Where events go, by POST: https, at a public host, unless the operator allows others.
    url: String,
    /// `EventGridSchema` (an array of one event) or `CloudEventSchemaV1_0` (structured mode).
    #[serde(default = "event_grid")]
    schema: String,
    /// The types that are wanted; empty for all.
    #[serde(default)]
    event_types: Vec<String>,
    /// What the subject begins with, compared without case.
    #[serde(default)]
    subject_begins_with: String,
    /// What the subject ends with, compared without case.
    #[serde(default)]
    subject_ends_with: String,
    /// Whether events go there. While it is off, none are queued.
    #[serde(default = "yes")]
    enabled: bool,
    /// Tries of one delivery.
    #[serde(default = "attempts_max")]
    #[schema(minimum = 1, maximum = 30)]
    max_delivery_attempts: u32,
    /// Minutes for which a delivery is tried; then it is a dead letter.
    #[serde(default = "life_max")]
    #[schema(minimum = 1, maximum = 1440)]
    time_to_live_minutes: u32,
}

fn event_grid() -> String {
    Schema::EventGrid.word().to_owned()
}

const fn yes() -> bool {
    true
}

const fn attempts_max() -> u32 {
    ATTEMPTS_MAX
}

const fn life_max() -> u32 {
    LIFE_MINUTES_MAX
}

impl Draft {
    /// What the use case takes.
    pub(super) fn read(self) -> Result<webhooks::Draft, app::Error> {
        let schema = Schema::from_word(&self.schema)
            .ok_or_else(|| app::Error::invalid("schema", "choose EventGridSchema or CloudEventSchemaV1_0"))?;
        Ok(webhooks::Draft {
            name: self.name,
            url: self.url,
            schema,
            event_types: self.event_types,
            subject_begins_with: self.subject_begins_with,
            subject_ends_with: self.subject_ends_with,
            enabled: self.enabled,
            max_attempts: self.max_delivery_attempts,
            life_minutes: self.time_to_live_minutes,
        })
    }
}

impl From<WebhookView> for Draft {
    fn from(seen: WebhookView) -> Self {
        Self {
            name: seen.name,
            url: seen.url,
            schema: seen.schema.word().to_owned(),
            event_types: types(&seen.kinds),
            subject_begins_with: seen.subject_begins_with,
            subject_ends_with: seen.subject_ends_with,
            enabled: seen.enabled,
            max_delivery_attempts: seen.max_attempts,
            time_to_live_minutes: seen.life_minutes,
        }
    }
}

fn types(kinds: &[EventKind]) -> Vec<String> {
    kinds.iter().map(|kind| kind.type_name().to_owned()).collect()
}

/// Whether the endpoint has proved that it wants events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookValidation)]
pub(crate) struct Validation {
    /// `valid`, `awaiting` or `failed`.
    #[schema(value_type = String)]
    state: ValidationState,
    /// While it is awaited: until when the address that the endpoint was sent may be opened.
    until: Option<DateTime<Utc>>,
    /// Why the endpoint did not prove it at once.
    error: Option<String>,
}

impl From<webhooks::Validation> for Validation {
    fn from(seen: webhooks::Validation) -> Self {
        Self { state: seen.state, until: seen.until, error: seen.error }
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(crate) struct Subscription {
    id: Uuid,
    name: String,
    url: String,
    schema: &'static str,
    event_types: Vec<String>,
    subject_begins_with: String,
    subject_ends_with: String,
    enabled: bool,
    max_delivery_attempts: u32,
    time_to_live_minutes: u32,
    validation: Validation,
    /// Requests a minute that the endpoint allows, where it said so.
    allowed_rate_per_minute: Option<u32>,
    /// Until when the secret before this one signs, too.
    previous_secret_until: Option<DateTime<Utc>>,
    /// Deliveries that wait or are under way.
    waiting: u64,
    /// Dead letters.
    dead_letters: u64,
    /// Seconds for which the endpoint is left alone, since it does not answer.
    resting_seconds: Option<u64>,
    /// Events that its queue had no room for.
    dropped: u64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Subscription {
    pub(super) fn new(seen: WebhookView, depths: &HashMap<Uuid, DepthView>) -> Self {
        let depth = depths.get(&seen.id).copied().unwrap_or_default();
        Self {
            id: seen.id,
            url: seen.url,
            name: seen.name,
            schema: seen.schema.word(),
            event_types: types(&seen.kinds),
            subject_begins_with: seen.subject_begins_with,
            subject_ends_with: seen.subject_ends_with,
            enabled: seen.enabled,
            max_delivery_attempts: seen.max_attempts,
            time_to_live_minutes: seen.life_minutes,
            validation: seen.validation.into(),
            allowed_rate_per_minute: seen.allowed_per_minute,
            previous_secret_until: seen.previous_secret_until,
            waiting: depth.waiting,
            dead_letters: depth.dead,
            resting_seconds: depth.rests.map(|rest| rest.as_secs()),
            dropped: seen.dropped,
            created_at: seen.created_at,
            updated_at: seen.updated_at,
        }
    }
}

/// A webhook with the secret that signs its bodies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWebhook {
    #[serde(flatten)]
    webhook: Subscription,
    /// `whsec_` and base64; it is shown this once. Bodies are signed with HMAC-SHA256 as Standard Webhooks says: the header
    /// `webhook-signature` holds `v1,` and the base64 signature of `webhook-id.webhook-timestamp.body`.
    secret: String,
}

impl From<Created> for NewWebhook {
    fn from(made: Created) -> Self {
        Self { webhook: Subscription::new(made.webhook, &HashMap::new()), secret: made.secret }
    }
}

/// An endpoint that wants events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// The webhook's name.
    pub(super) name: String,
    pub(super) validation: Validation,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventType {
    /// Its name.
    event_type: &'static str,
    /// What happened.
    description: &'static str,
    /// An example of its data.
    #[schema(value_type = Object)]
    sample: serde_json::Value,
}

impl From<EventKind> for EventType {
    fn from(kind: EventKind) -> Self {
        Self { event_type: kind.type_name(), description: kind.explain(), sample: kind.sample() }
    }
}
