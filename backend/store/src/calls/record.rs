//! The record of a call, between its row and the business words.

use crate::{
    Error,
    entity::{call, decision},
    ledger::unreadable,
};
use chrono::{DateTime, Utc};
use domain::{
    cause::{Cause, Direction, Outcome},
    decision::{Decision, Facts, Funds},
    ids::{CallId, DecisionId, TenantId},
    money::Currency,
    rating::{Charge, Quote},
};
use sea_orm::ActiveValue::Set;
use serde::{Serialize, de::DeserializeOwned};

/// Whether a call is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CallState {
    /// It rings or talks.
    Live,
    /// It is over.
    Ended,
}

impl CallState {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ended => "ended",
        }
    }
}

pub(super) const fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

/// A tenant's record of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its identifier, ascending with time.
    pub id: CallId,
    /// Whose record; `None` where nobody was found to pay.
    pub tenant: Option<TenantId>,
    /// The payer's record, where this is the callee's tenant's.
    pub payer_call: Option<CallId>,
    /// The node whose edge carries it.
    pub node: String,
    /// Seen from the record's tenant.
    pub direction: Direction,
    /// Whether it is up.
    pub state: CallState,
    /// The caller id; `None` is anonymous.
    pub from: Option<String>,
    /// What was dialled.
    pub to: String,
    /// The trunk it came from.
    pub caller_trunk: Option<String>,
    /// The trunk that took it.
    pub callee_trunk: Option<String>,
    /// When the INVITE arrived.
    pub started_at: DateTime<Utc>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// From answer to end, milliseconds.
    pub duration_ms: u64,
    /// How long its money lasts, milliseconds from the answer.
    pub funded_ms: u64,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What it was to cost.
    pub quote: Quote,
    /// What it cost, line by line.
    pub charges: Vec<Charge>,
    /// The sum of the charges, micro-units of the quote's currency.
    pub total_micros: i64,
}

impl Call {
    pub(super) fn row(&self) -> Result<call::ActiveModel, Error> {
        let outcome = self.outcome.as_ref();
        Ok(call::ActiveModel {
            id: Set(self.id.0),
            tenant_id: Set(self.tenant.map(|id| id.0)),
            payer_call_id: Set(self.payer_call.map(|id| id.0)),
            node: Set(self.node.clone()),
            direction: Set(direction_word(self.direction).to_owned()),
            state: Set(self.state.word().to_owned()),
            caller: Set(self.from.clone()),
            callee: Set(self.to.clone()),
            caller_trunk: Set(self.caller_trunk.clone()),
            callee_trunk: Set(self.callee_trunk.clone()),
            started_at: Set(self.started_at),
            answered_at: Set(self.answered_at),
            ended_at: Set(self.ended_at),
            duration_ms: Set(super::whole(self.duration_ms)),
            funded_ms: Set(super::whole(self.funded_ms)),
            outcome_code: Set(outcome.map(|o| i32::from(o.code))),
            outcome_sub_code: Set(outcome.map(|o| i64::from(o.sub_code))),
            cause: Set(outcome.map(|o| o.cause.word().to_owned())),
            explanation: Set(outcome.map(|o| o.explanation.clone())),
            currency: Set(self.quote.currency.code().to_owned()),
            quote: Set(json(&self.quote, "calls.quote")?),
            charges: Set(json(&self.charges, "calls.charges")?),
            total_micros: Set(self.total_micros),
        })
    }

    pub(super) fn read(row: call::Model) -> Result<Self, Error> {
        let outcome = match &row.cause {
            Some(word) => Some(Outcome {
                code: small(row.outcome_code.unwrap_or_default())?,
                sub_code: small(row.outcome_sub_code.unwrap_or_default())?,
                cause: Cause::from_word(word).ok_or_else(|| unreadable("calls.cause"))?,
                explanation: row.explanation.clone().unwrap_or_default(),
            }),
            None => None,
        };
        Ok(Self {
            id: CallId(row.id),
            tenant: row.tenant_id.map(TenantId),
            payer_call: row.payer_call_id.map(CallId),
            node: row.node,
            direction: if row.direction == "inbound" { Direction::Inbound } else { Direction::Outbound },
            state: if row.state == "live" { CallState::Live } else { CallState::Ended },
            from: row.caller,
            to: row.callee,
            caller_trunk: row.caller_trunk,
            callee_trunk: row.callee_trunk,
            started_at: row.started_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            duration_ms: row.duration_ms.max(0).unsigned_abs(),
            funded_ms: row.funded_ms.max(0).unsigned_abs(),
            outcome,
            quote: value(&row.quote, "calls.quote")?,
            charges: value(&row.charges, "calls.charges")?,
            total_micros: row.total_micros,
        })
    }

    /// The currency of the charges.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.quote.currency
    }
}

/// A decision as it was made, with all that it was made from: it can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// Its identifier.
    pub id: DecisionId,
    /// The call, by the payer's record.
    pub call: CallId,
    /// When.
    pub at: DateTime<Utc>,
    /// What was known of the call.
    pub facts: Facts,
    /// What the payer had.
    pub funds: Funds,
    /// The decision.
    pub decision: Decision,
    /// The first number on the call's way that another tenant than the payer owns: what happens behind it is not
    /// shown to the payer.
    pub foreign_number: Option<String>,
}

impl StoredDecision {
    pub(super) fn row(&self) -> Result<decision::ActiveModel, Error> {
        Ok(decision::ActiveModel {
            id: Set(self.id.0),
            call_id: Set(self.call.0),
            at: Set(self.at),
            facts: Set(json(&self.facts, "decisions.facts")?),
            funds: Set(json(&self.funds, "decisions.funds")?),
            decision: Set(json(&self.decision, "decisions.decision")?),
            config_versions: Set(self.decision.config.join(" ")),
            foreign_number: Set(self.foreign_number.clone()),
        })
    }

    pub(super) fn read(row: decision::Model) -> Result<Self, Error> {
        Ok(Self {
            id: DecisionId(row.id),
            call: CallId(row.call_id),
            at: row.at,
            facts: value(&row.facts, "decisions.facts")?,
            funds: value(&row.funds, "decisions.funds")?,
            decision: value(&row.decision, "decisions.decision")?,
            foreign_number: row.foreign_number,
        })
    }
}

fn json<T: Serialize>(value: &T, column: &str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| unreadable(column))
}

fn value<T: DeserializeOwned>(text: &str, column: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| unreadable(column))
}

fn small<T: TryFrom<i64>>(number: impl Into<i64>) -> Result<T, Error> {
    T::try_from(number.into()).map_err(|_| unreadable("calls.outcome_code"))
}
