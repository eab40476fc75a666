//! A top-up as it is shown.

use crate::Error;
use chrono::{DateTime, Utc};
use domain::{ids::TenantId, money::Money};
use serde::Serialize;
use store::top_ups::{self, TopUp};
use uuid::Uuid;

/// How far a top-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TopUpState {
    /// The payment system is being asked.
    Requested,
    /// The payment system has it, and will say how it ended.
    Pending,
    /// It is in the ledger.
    Paid,
    /// The payment system refused it.
    Refused,
    /// It was given up.
    Failed,
}

impl TopUpState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => top_ups::REQUESTED,
            Self::Pending => top_ups::PENDING,
            Self::Paid => top_ups::PAID,
            Self::Refused => top_ups::REFUSED,
            Self::Failed => top_ups::FAILED,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Requested, Self::Pending, Self::Paid, Self::Refused, Self::Failed];
        all.into_iter().find(|state| state.word() == word)
    }
}

/// A top-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopUpView {
    /// Its identifier, which the payment system knows too.
    pub id: Uuid,
    /// Whose account.
    pub tenant: TenantId,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: TopUpState,
    /// How often it was posted.
    pub attempts: u32,
    /// When it is posted next, or given up where the payment system has it; of open ones.
    pub next_at: Option<DateTime<Utc>>,
    /// What the payment system calls it.
    pub reference: Option<String>,
    /// Why it was refused or given up, or why its last post came to nothing.
    pub problem: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was paid, refused or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

impl TopUpView {
    pub(super) fn of(row: TopUp) -> Result<Self, Error> {
        let unreadable = || Error::internal(store::Error::Unreadable("top_ups".to_owned()));
        let state = TopUpState::from_word(&row.state).ok_or_else(unreadable)?;
        Ok(Self {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            amount: amount(&row)?,
            state,
            attempts: row.attempts.unsigned_abs(),
            next_at: row.ended_at.is_none().then_some(row.next_at),
            reference: row.reference,
            problem: row.problem,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

/// What a top-up is about.
pub(super) fn amount(row: &TopUp) -> Result<Money, Error> {
    let unreadable = |_| Error::internal(store::Error::Unreadable("top_ups.currency".to_owned()));
    Ok(Money::new(row.amount_micros, row.currency.parse().map_err(unreadable)?))
}
