//! How an event looks on the wire: Event Grid's own schema, or CloudEvents 1.0.

use super::EventKind;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The schema of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Schema {
    /// Event Grid's: an array of one event.
    #[default]
    #[serde(rename = "EventGridSchema")]
    EventGrid,
    /// CloudEvents 1.0, JSON, structured mode: one event.
    #[serde(rename = "CloudEventSchemaV1_0")]
    CloudEvents,
}

/// An event, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identifier, the same in each delivery.
    pub id: Uuid,
    /// Its type: [`EventKind::type_name`], or that of a handshake.
    pub kind: &'static str,
    /// What it is about.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Whose it is: the topic, or source.
    pub topic: String,
    /// What happened.
    pub data: Value,
}

impl Schema {
    /// Both.
    pub const ALL: [Self; 2] = [Self::EventGrid, Self::CloudEvents];

    /// How the API calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::EventGrid => "EventGridSchema",
            Self::CloudEvents => "CloudEventSchemaV1_0",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schema| schema.word().eq_ignore_ascii_case(word))
    }

    /// The type of a body.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::EventGrid => "application/json; charset=utf-8",
            Self::CloudEvents => "application/cloudevents+json; charset=utf-8",
        }
    }
}

impl Event {
    /// The body of a delivery.
    #[must_use]
    pub fn body(&self, schema: Schema) -> Value {
        let time = self.time.to_rfc3339_opts(SecondsFormat::Micros, true);
        match schema {
            Schema::EventGrid => json!([{
                "id": self.id,
                "topic": self.topic,
                "subject": self.subject,
                "eventType": self.kind,
                "eventTime": time,
                "data": self.data,
                "dataVersion": "1.0",
                "metadataVersion": "1",
            }]),
            Schema::CloudEvents => json!({
                "specversion": "1.0",
                "id": self.id,
                "source": self.topic,
                "subject": self.subject,
                "type": self.kind,
                "time": time,
                "datacontenttype": "application/json",
                "data": self.data,
            }),
        }
    }

    /// The topic of a tenant, in the form that programs for Event Grid take apart.
    #[must_use]
    pub fn topic(tenant: Uuid, slug: &str) -> String {
        format!(
            "/subscriptions/{tenant}/resourceGroups/dialtone/providers/Microsoft.Communication/CommunicationServices/{slug}"
        )
    }
}

impl EventKind {
    /// An example of its data, as documents and samples show it.
    #[must_use]
    pub fn sample(self) -> Value {
        let number = |value: &str| json!({"kind": "phoneNumber", "rawId": format!("4:{value}"), "phoneNumber": {"value": value}});
        let call = "01940000-0000-7000-8000-000000000001";
        let (from, to) = ("+12065550100", "+12125550100");
        match self {
            Self::IncomingCall => json!({
                "to": number(to), "from": number(from), "serverCallId": call, "correlationId": call,
                "callerDisplayName": "",
            }),
            Self::CallStarted | Self::CallAnswered => json!({
                "startedBy": {"communicationIdentifier": number(from)}, "serverCallId": call,
                "correlationId": call, "isTwoParty": true, "isRoomsCall": false,
                "direction": "inbound", "from": from, "to": to,
            }),
            Self::CallEnded => json!({
                "startedBy": {"communicationIdentifier": number(from)}, "serverCallId": call,
                "correlationId": call, "isTwoParty": true, "isRoomsCall": false, "durationOfCall": 12.345,
                "reason": {"code": 0, "subCode": 0, "phrase": "normal-clearing"},
                "direction": "inbound", "from": from, "to": to,
                "total": {"amountMicros": 1749, "currency": "USD"},
            }),
            Self::NumberPurchased => json!({
                "number": to, "numberId": "01940000-0000-7000-8000-000000000003", "country": "US",
                "type": "geographic", "capabilities": {"calling": "inbound+outbound", "sms": "none"},
                "assignmentType": "application", "monthly": {"amountMicros": 1_000_000, "currency": "USD"},
                "orderId": "01940000-0000-7000-8000-000000000004", "at": "2026-11-22T18:21:12Z",
                "paidUntil": "2026-12-22T18:21:12Z",
            }),
            Self::NumberReleased => json!({
                "number": to, "numberId": "01940000-0000-7000-8000-000000000003", "country": "US",
                "type": "geographic", "reason": "requested", "at": "2026-11-22T18:21:12Z",
                "endsAt": "2026-12-22T18:21:12Z",
            }),
            Self::PortingRequestStateChanged => json!({
                "requestId": "01940000-0000-7000-8000-000000000005", "direction": "in", "from": "submitted",
                "to": "accepted", "by": "operator", "numbers": [{"number": to, "state": "accepted", "reason": null}],
                "firmOn": "2026-12-01", "answerBy": null, "reason": null, "at": "2026-11-22T18:21:12Z",
            }),
            Self::SpendingStopped => json!({
                "stopId": "01940000-0000-7000-8000-000000000006", "of": {"kind": "destination", "value": "881"},
                "span": "hour", "spent": {"amountMicros": 51_000_000, "currency": "USD"},
                "limit": {"amountMicros": 50_000_000, "currency": "USD"}, "endsCalls": false,
                "since": "2026-11-22T18:21:12Z", "until": "2026-11-22T19:21:12Z",
            }),
            Self::CountryFirstCalled => json!({
                "country": "SE", "from": from, "to": "+46701740605", "callId": call, "at": "2026-11-22T18:21:12Z",
            }),
            Self::ScheduledChangeRefused => json!({
                "rehearsalId": "01940000-0000-7000-8000-000000000006", "change": "3 routes",
                "effectiveAt": "2026-11-22T18:21:12Z", "scheduledBy": "anna@example.com",
                "explanation": "it was changed since the draft was scheduled: rehearse it again",
            }),
            Self::TopUpFailed => json!({
                "topUpId": "01940000-0000-7000-8000-000000000007", "state": "refused", "reason": "the card has expired",
                "amount": {"amountMicros": 20_000_000, "currency": "USD"}, "at": "2026-11-22T18:21:12Z",
            }),
            Self::RecordingStarted => json!({
                "recordingId": "01940000-0000-7000-8000-000000000009", "callId": "01940000-0000-7000-8000-000000000001",
                "state": "recording", "begunBy": "policy", "notice": "tone", "startedAt": "2026-11-22T18:21:12Z",
            }),
            Self::RecordingReady => json!({
                "recordingId": "01940000-0000-7000-8000-000000000009", "callId": "01940000-0000-7000-8000-000000000001",
                "state": "ready", "begunBy": "policy", "notice": "tone", "startedAt": "2026-11-22T18:21:12Z",
                "endedAt": "2026-11-22T18:23:12Z", "durationMs": 120_000, "bytes": 1_922_000,
                "expiresAt": "2026-12-22T18:21:12Z",
            }),
            Self::RecordingFailed => json!({
                "recordingId": "01940000-0000-7000-8000-000000000009", "callId": "01940000-0000-7000-8000-000000000001",
                "state": "failed", "begunBy": "anna@example.com", "notice": "none", "startedAt": "2026-11-22T18:21:12Z",
                "endedAt": "2026-11-22T18:21:42Z", "durationMs": 30_000, "bytes": 480_500,
                "expiresAt": "2026-12-22T18:21:12Z", "failure": "recordings take as much of the disk as they may",
            }),
            Self::TrunkHealthChanged => json!({
                "fqdn": "sbc.example.com", "from": "online", "to": "offline", "reason": "no-answer",
                "explanation": "it does not answer OPTIONS", "since": "2026-11-22T18:21:12Z",
                "at": "2026-11-22T18:21:12Z",
            }),
            Self::BalanceLow => json!({
                "balance": {"amountMicros": 4_990_000, "currency": "USD"},
                "threshold": {"amountMicros": 5_000_000, "currency": "USD"},
            }),
            Self::InvoiceReady => json!({
                "invoiceId": "01940000-0000-7000-8000-000000000002", "month": "2026-11",
                "total": {"amountMicros": 12_340_000, "currency": "USD"},
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: Uuid::from_u128(7),
            kind: EventKind::IncomingCall.type_name(),
            subject: "/caller/4:+12065550100/recipient/4:+12125550100".into(),
            time: DateTime::from_timestamp(1_795_371_672, 5_000).unwrap_or_default(),
            topic: Event::topic(Uuid::from_u128(1), "acme"),
            data: EventKind::IncomingCall.sample(),
        }
    }

    #[test]
    fn event_grid_has_its_events_in_an_array() {
        let body = event().body(Schema::EventGrid);
        let one = &body[0];
        assert_eq!(body.as_array().map(Vec::len), Some(1));
        assert_eq!(one["eventType"], "Microsoft.Communication.IncomingCall");
        assert_eq!(one["eventTime"], "2026-11-22T18:21:12.000005Z");
        assert_eq!((&one["dataVersion"], &one["metadataVersion"]), (&json!("1.0"), &json!("1")));
        assert_eq!(one["data"]["from"]["rawId"], "4:+12065550100");
        assert!(one["topic"].as_str().is_some_and(|topic| topic.ends_with("/CommunicationServices/acme")));
    }

    #[test]
    fn cloud_events_have_all_that_the_format_requires() {
        let body = event().body(Schema::CloudEvents);
        for field in ["specversion", "id", "source", "type"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
        }
        assert_eq!(body["specversion"], "1.0");
        assert_eq!(body["data"]["to"]["phoneNumber"]["value"], "+12125550100");
    }

    #[test]
    fn schemas_are_known_by_their_words() {
        for schema in Schema::ALL {
            assert_eq!(Schema::from_word(&schema.word().to_lowercase()), Some(schema));
            assert_eq!(serde_json::to_value(schema).ok(), Some(json!(schema.word())));
        }
        assert_eq!(Schema::from_word("CustomInputSchema"), None);
    }

    #[test]
    fn every_kind_has_a_sample() {
        for kind in EventKind::ALL {
            assert!(kind.sample().as_object().is_some_and(|fields| !fields.is_empty()), "{kind:?}");
        }
    }
}
