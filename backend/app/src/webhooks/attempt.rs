//! One try of one delivery.

use super::secret;
use crate::{App, Error, vault::Secret};
use chrono::{DateTime, Utc};
use domain::{
    events::{Event, EventKind, Failure, Schema},
    ids::TenantId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};
use store::{deliveries::Delivery, webhooks::Webhook};
use uuid::Uuid;
use vendors::{Order, PostError};

/// What we are.
pub(super) const AGENT: &str = concat!("Dialtone/", env!("CARGO_PKG_VERSION"));
/// Requests a minute that an endpoint is asked to allow.
pub(super) const RATE_PER_MINUTE: u32 = 1_200;
/// How long an endpoint may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Bytes of an answer that are kept.
const ANSWER_MAX: usize = 2_048;
/// Headers of an answer that are kept.
const HEADERS_MAX: usize = 32;
/// Characters of a header's value that are kept.
const VALUE_MAX: usize = 200;
/// Headers whose values are nobody's business.
const HIDDEN: [&str; 6] = [
    "set-cookie",
    "authorization",
    "proxy-authenticate",
    "www-authenticate",
    "webhook-signature",
    "authentication-info",
];

/// A try, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tried {
    pub(super) at: DateTime<Utc>,
    pub(super) took_ms: u64,
    pub(super) schema: Schema,
    /// What was sent, without the signature.
    pub(super) headers: Vec<(String, String)>,
    /// What was answered.
    pub(super) status: Option<u16>,
    pub(super) reply_headers: Vec<(String, String)>,
    pub(super) reply_body: Option<String>,
    pub(super) is_cut: bool,
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// What is needed to try deliveries of one subscription.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) id: Uuid,
    name: String,
    url: String,
    schema: Schema,
    secrets: Vec<Secret>,
    topic: String,
    pub(super) max_attempts: i32,
}

/// How a try ended.
pub(super) struct Outcome {
    pub(super) tried: Tried,
    /// `None` where it arrived.
    pub(super) failure: Option<Failure>,
}

/// Whose events these are.
pub(super) fn topic(app: &App, tenant: Uuid) -> String {
    let live = app.live();
    let slug = live.tenant(TenantId(tenant)).map(|tenant| tenant.slug().to_owned());
    Event::topic(tenant, &slug.unwrap_or_default())
}

/// The headers of every signed body.
pub(crate) fn signed(
    secrets: &[Secret],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Vec<(&'static str, String)> {
    vec![
        ("user-agent", AGENT.to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", secret::signature(secrets, id, timestamp, body)),
    ]
}

/// The event of a delivery.
pub(super) fn event(row: &Delivery, topic: String) -> Result<Event, Error> {
    let unreadable = || Error::internal(store::Error::Unreadable("webhook_deliveries".to_owned()));
    let kind = EventKind::from_word(&row.kind).ok_or_else(unreadable)?;
    let said: Value = serde_json::from_str(&row.payload).map_err(Error::internal)?;
    Ok(Event {
        id: row.event_id,
        kind: kind.type_name(),
        subject: said["subject"].as_str().unwrap_or_default().to_owned(),
        time: row.event_at,
        topic,
        data: said["data"].clone(),
    })
}

impl Target {
    pub(super) fn new(app: &App, row: &Webhook) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: row.name.clone(),
            url: row.url.clone(),
            schema: Schema::from_word(&row.schema).unwrap_or_default(),
            secrets: secret::signing(app, row, app.now())?,
            topic: topic(app, row.tenant_id),
            max_attempts: row.max_attempts,
        })
    }

    /// Tries a delivery.
    pub(super) async fn send(&self, app: &App, row: &Delivery) -> Result<Outcome, Error> {
        let event = event(row, self.topic.clone())?;
        let body = event.body(self.schema).to_string().into_bytes();
        let at = app.now();
        let headers = self.headers(&event, row.attempts, at.timestamp(), &body);
        let shown = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let mut tried = Tried {
            at,
            took_ms: 0,
            schema: self.schema,
            headers: kept(shown),
            status: None,
            reply_headers: Vec::new(),
            reply_body: None,
            is_cut: false,
            error: None,
        };
        let began = Instant::now();
        let order = Order { url: self.url.clone(), body: Some(body), headers };
        let sent = app.deps().poster.send(order, ANSWER_MAX, ANSWER_WITHIN).await;
        tried.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let failure = match sent {
            Ok(reply) => {
                let after = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
                let after = after.and_then(|(_, value)| value.trim().parse().ok());
                tried.status = Some(reply.status);
                tried.reply_headers = kept(reply.headers.into_iter());
                tried.reply_body = Some(String::from_utf8_lossy(&reply.body).replace('\0', "\u{fffd}"));
                tried.is_cut = reply.is_cut;
                (!(200..300).contains(&reply.status)).then_some(Failure::Status(reply.status, after))
            }
            Err(error) => {
                tried.error = Some(error.to_string());
                Some(if matches!(error, PostError::Refused(_)) {
                    Failure::Refused
                } else {
                    Failure::Unreachable
                })
            }
        };
        if let Some(Failure::Status(status, _)) = failure {
            tried.error = Some(format!("the endpoint answered {status}"));
        }
        Ok(Outcome { tried, failure })
    }

    fn headers(
        &self,
        event: &Event,
        attempts: i32,
        timestamp: i64,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let mut headers = signed(&self.secrets, &event.id.to_string(), timestamp, body);
        headers.push(("content-type", self.schema.content_type().to_owned()));
        if self.schema == Schema::EventGrid {
            headers.push(("aeg-event-type", "Notification".to_owned()));
            headers.push(("aeg-data-version", "1.0".to_owned()));
            headers.push(("aeg-metadata-version", "1".to_owned()));
        }
        headers.push(("aeg-subscription-name", self.name.to_uppercase()));
        headers.push(("aeg-delivery-count", attempts.to_string()));
        headers
    }
}

/// Headers as the log keeps them.
fn kept(headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let keep = |(name, value): (String, String)| {
        let is_hidden = HIDDEN.iter().any(|hidden| name.eq_ignore_ascii_case(hidden));
        let value = if is_hidden { "(hidden)".to_owned() } else { value.chars().take(VALUE_MAX).collect() };
        (name, value)
    };
    headers.take(HEADERS_MAX).map(keep).collect()
}
