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
    money::{Currency, Money},
    rating::{Charge, Line, Quote, told},
};
use sea_orm::Value;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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
    /// What is held for it of the payer's money, micro-units; nothing once it is over.
    pub held_micros: i64,
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
    /// The values of [`super::INSERT_CALLS`].
    pub(super) fn row(&self) -> Result<[Value; 24], Error> {
        let outcome = self.outcome.as_ref();
        Ok([
            self.id.0.into(),
            self.tenant.map(|id| id.0).into(),
            self.payer_call.map(|id| id.0).into(),
            self.node.as_str().into(),
            direction_word(self.direction).into(),
            self.state.word().into(),
            self.from.clone().into(),
            self.to.as_str().into(),
            self.caller_trunk.clone().into(),
            self.callee_trunk.clone().into(),
            self.started_at.into(),
            self.answered_at.into(),
            self.ended_at.into(),
            super::whole(self.duration_ms).into(),
            super::whole(self.funded_ms).into(),
            self.held_micros.into(),
            outcome.map(|o| i32::from(o.code)).into(),
            outcome.map(|o| i64::from(o.sub_code)).into(),
            outcome.map(|o| o.cause.word()).into(),
            outcome.map(|o| o.explanation.as_str()).into(),
            self.quote.currency.code().into(),
            json(&self.quote, "calls.quote")?.into(),
            amounts(&self.charges)?.into(),
            self.total_micros.into(),
        ])
    }

    /// The values of [`super::INSERT_NEW`], of a call that has only begun.
    pub(super) fn new_row(&self) -> Result<[Value; 12], Error> {
        Ok([
            self.id.0.into(),
            self.tenant.map(|id| id.0).into(),
            self.payer_call.map(|id| id.0).into(),
            direction_word(self.direction).into(),
            self.from.as_deref().into(),
            self.to.as_str().into(),
            self.caller_trunk.as_deref().into(),
            self.started_at.into(),
            super::whole(self.funded_ms).into(),
            self.held_micros.into(),
            self.quote.currency.code().into(),
            json(&self.quote, "calls.quote")?.into(),
        ])
    }

    /// Whether nothing has happened to it yet, so that [`Call::new_row`] says all.
    pub(super) const fn is_new(&self) -> bool {
        matches!(self.state, CallState::Live)
            && self.answered_at.is_none()
            && self.callee_trunk.is_none()
            && self.outcome.is_none()
            && self.charges.is_empty()
            && self.duration_ms == 0
            && self.total_micros == 0
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
        let quote: Quote = read_json(&row.quote, "calls.quote")?;
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
            held_micros: row.held_micros,
            outcome,
            charges: read_charges(&row.charges, &quote)?,
            quote,
            total_micros: row.total_micros,
        })
    }

    /// The currency of the charges.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.quote.currency
    }
}

/// Charges as they are kept: of each line that the quote charges by the milliseconds billed and the micro-units.
pub(super) fn amounts(charges: &[Charge]) -> Result<String, Error> {
    let amounts: Vec<(u64, i64)> =
        charges.iter().map(|charge| (charge.billed_ms, charge.amount.micros)).collect();
    json(&amounts, "calls.charges")
}

/// The other way. Charges of older records are whole lines.
fn read_charges(text: &str, quote: &Quote) -> Result<Vec<Charge>, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Amounts(Vec<(u64, i64)>),
        Lines(Vec<Charge>),
    }
    Ok(match read_json(text, "calls.charges")? {
        Kept::Lines(charges) => charges,
        Kept::Amounts(amounts) => {
            let charge = |(line, (billed_ms, micros)): (&Line, _)| Charge {
                line: line.clone(),
                billed_ms,
                amount: Money::new(micros, quote.currency),
            };
            told(quote.charged_lines().iter().zip(amounts).map(charge).collect())
        }
    })
}

/// A decision as it was made, with all that it was made from: it can be made again. There is one for a call, and it bears
/// the call's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// The call, by the payer's record.
    pub call: CallId,
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
    /// Its identifier.
    #[must_use]
    pub const fn id(&self) -> DecisionId {
        DecisionId(self.call.0)
    }

    pub(super) fn read(row: decision::Model) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Body {
            facts: Facts,
            funds: Funds,
            decision: Decision,
        }
        let Body { facts, funds, decision } = read_json(&row.body, "decisions.body")?;
        let foreign_number = row.foreign_number;
        Ok(Self { call: CallId(row.call_id), facts, funds, decision, foreign_number })
    }
}

/// A decision to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    call: CallId,
    body: String,
    foreign_number: Option<String>,
}

impl NewDecision {
    /// Of a call, as [`StoredDecision`] will say it.
    ///
    /// # Errors
    /// [`Error::Unreadable`] where it cannot be written as text.
    pub fn new(
        call: CallId,
        facts: &Facts,
        funds: &Funds,
        decision: &Decision,
        foreign_number: Option<String>,
    ) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            facts: &'a Facts,
            funds: &'a Funds,
            decision: &'a Decision,
        }
        let mut body = Vec::with_capacity(BODY_ROOM);
        serde_json::to_writer(&mut body, &Body { facts, funds, decision })
            .map_err(|_| unreadable("decisions.body"))?;
        let body = String::from_utf8(body).map_err(|_| unreadable("decisions.body"))?;
        Ok(Self { call, body, foreign_number })
    }

    /// The values of [`super::INSERT_DECISIONS`].
    pub(super) fn row(&self) -> [Value; 3] {
        [self.call.0.into(), self.body.as_str().into(), self.foreign_number.as_deref().into()]
    }
}

/// Bytes for a decision, as a rule: so that its text is not moved as it grows.
const BODY_ROOM: usize = 2_048;

pub(super) fn json<T: Serialize>(value: &T, column: &str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| unreadable(column))
}

pub(super) fn read_json<T: DeserializeOwned>(text: &str, column: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| unreadable(column))
}

fn small<T: TryFrom<i64>>(number: impl Into<i64>) -> Result<T, Error> {
    T::try_from(number.into()).map_err(|_| unreadable("calls.outcome_code"))
}
