//! What tenants hear of a call, where they want to: it is written with what the writer writes anyway.
//!
//! The id of an event follows from its call, so that one that is written twice is one: an answer may be written by itself, and
//! again with the end of its call.

use crate::events::{Interests, message};
use chrono::{DateTime, Utc};
use domain::{
    cause::{Direction, Outcome},
    events::{EventKind, Kinds},
    ids::{CallId, TenantId},
    money::{Currency, Money},
};
use serde_json::{Value, json};
use store::{
    calls::{Call, Closing},
    outbox::News,
};
use uuid::Uuid;

/// Who hears of a call: its payer, its callee's tenant, or both.
#[derive(Debug)]
pub(super) struct Told(Vec<Side>);

/// A tenant that does, with its own record.
#[derive(Debug)]
struct Side {
    tenant: TenantId,
    call: CallId,
    /// The payer's record, which both sides have in common.
    correlation: CallId,
    direction: Direction,
    from: Option<String>,
    to: String,
    kinds: Kinds,
}

impl Told {
    /// Those of these records' tenants who want to hear of their calls; `None` where none does.
    pub(super) fn new<'a>(
        interests: &Interests,
        records: impl IntoIterator<Item = &'a Call>,
    ) -> Option<Box<Self>> {
        if interests.is_empty() {
            return None;
        }
        let side = |record: &Call| {
            let tenant = record.tenant?;
            let kinds = interests.get(&tenant)?.kinds;
            kinds.has_calls().then(|| Side {
                tenant,
                call: record.id,
                correlation: record.payer_call.unwrap_or(record.id),
                direction: record.direction,
                from: record.from.clone(),
                to: record.to.clone(),
                kinds,
            })
        };
        let sides: Vec<_> = records.into_iter().filter_map(side).collect();
        (!sides.is_empty()).then(|| Box::new(Self(sides)))
    }

    /// The call is put through.
    pub(super) fn began(&self, at: DateTime<Utc>, news: &mut Vec<News>) {
        for side in &self.0 {
            if side.direction == Direction::Inbound {
                side.say(EventKind::IncomingCall, at, side.incoming(), news);
            }
            side.say(EventKind::CallStarted, at, side.data(), news);
        }
    }

    /// It was answered.
    pub(super) fn answered(&self, at: DateTime<Utc>, news: &mut Vec<News>) {
        for side in &self.0 {
            side.say(EventKind::CallAnswered, at, side.data(), news);
        }
    }

    /// It is over, and charged in a currency.
    pub(super) fn ended(&self, closing: &Closing, currency: Currency, news: &mut Vec<News>) {
        if let Some(at) = closing.answered_at {
            self.answered(at, news);
        }
        for side in &self.0 {
            let is_payer = side.call == closing.call;
            let total = if is_payer { closing.total_micros } else { 0 };
            let outcome = closing.callee_outcome.as_ref().filter(|_| !is_payer).unwrap_or(&closing.outcome);
            let data = side.over(closing, outcome, Money::new(total, currency));
            side.say(EventKind::CallEnded, closing.ended_at, data, news);
        }
    }
}

impl Side {
    fn say(&self, kind: EventKind, at: DateTime<Utc>, data: Value, news: &mut Vec<News>) {
        if !self.kinds.has(kind) {
            return;
        }
        let from = raw_id(self.from.as_deref());
        let subject = match kind {
            EventKind::IncomingCall => format!("/caller/{from}/recipient/{}", raw_id(Some(&self.to))),
            _ => format!("call/{}/startedBy/{from}", self.call),
        };
        news.push(News {
            id: Uuid::from_u128(self.call.0.as_u128() ^ (kind as u128 + 1)),
            tenant: Some(self.tenant.0),
            kind: kind.word(),
            payload: message(subject, data),
            at,
        });
    }

    fn incoming(&self) -> Value {
        json!({
            "to": identifier(Some(&self.to)),
            "from": identifier(self.from.as_deref()),
            "serverCallId": self.call,
            "callerDisplayName": "",
            "correlationId": self.correlation,
        })
    }

    fn data(&self) -> Value {
        json!({
            "startedBy": { "communicationIdentifier": identifier(self.from.as_deref()) },
            "serverCallId": self.call,
            "correlationId": self.correlation,
            "isTwoParty": true,
            "isRoomsCall": false,
            "direction": self.direction,
            "from": self.from,
            "to": self.to,
        })
    }

    fn over(&self, closing: &Closing, outcome: &Outcome, total: Money) -> Value {
        let mut data = self.data();
        if let Some(fields) = data.as_object_mut() {
            let seconds = std::time::Duration::from_millis(closing.duration_ms).as_secs_f64();
            let reason = json!({
                "code": outcome.code, "subCode": outcome.sub_code, "phrase": outcome.cause.word(),
            });
            fields.insert("durationOfCall".to_owned(), json!(seconds));
            fields.insert("reason".to_owned(), reason);
            fields.insert("explanation".to_owned(), json!(outcome.explanation));
            fields.insert("total".to_owned(), json!(total));
        }
        data
    }
}

/// How the protocol names a number: `4:+12125550100`.
fn raw_id(number: Option<&str>) -> String {
    format!("4:{}", number.unwrap_or("anonymous"))
}

fn identifier(number: Option<&str>) -> Value {
    let phone = match number {
        Some(number) => json!({ "value": number }),
        None => json!({ "value": "anonymous", "isAnonymous": true }),
    };
    json!({ "kind": "phoneNumber", "rawId": raw_id(number), "phoneNumber": phone })
}
