//! A rehearsal as it is shown.

use super::Draft;
use crate::{Error, snapshot::load::read};
use chrono::{DateTime, Utc};
use domain::{ids::TenantId, rehearsal::Figures};
use serde::{Deserialize, Serialize};
use store::rehearsals::Rehearsal;
use uuid::Uuid;

/// With what a draft is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Against {
    /// With what happened: the draft is put into the configuration as it was at each call.
    #[default]
    Recorded,
    /// With what would happen today: each call is decided on the configuration of today, with the draft and without.
    Today,
}

impl Against {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Today => "today",
        }
    }
}

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is at work.
    Running,
    /// It says what it found.
    Done,
    /// It says why it found nothing.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl State {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it will change.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DraftState {
    /// It was tried, and nothing else.
    Draft,
    /// It waits for its time.
    Scheduled,
    /// It was applied.
    Applied,
    /// Its time came, and it could not be applied.
    Refused,
    /// It was taken back before its time.
    Withdrawn,
    /// What was before it is in force again.
    RolledBack,
}

impl DraftState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::RolledBack => "rolledBack",
        }
    }
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsalView {
    /// Its identifier.
    pub id: Uuid,
    /// The draft in a few words.
    pub title: String,
    /// The draft.
    pub draft: Draft,
    /// With what it is compared.
    pub against: Against,
    /// Attempts from here on.
    pub since: DateTime<Utc>,
    /// And before this.
    pub until: DateTime<Utc>,
    /// How far it is.
    pub state: State,
    /// Attempts that were looked at so far.
    pub looked_at: u64,
    /// What was found.
    pub figures: Option<Figures>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Who began it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it began to run.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// What became of the draft.
    pub draft_state: DraftState,
    /// From when on the draft is in force.
    pub effective_at: Option<DateTime<Utc>>,
    /// Who decided on the draft.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was not applied at its time.
    pub refusal: Option<String>,
}

impl RehearsalView {
    /// Of a row, for who may see what carriers ask or not.
    pub(super) fn of(row: Rehearsal) -> Result<Self, Error> {
        let figures: Option<Figures> =
            row.figures.map(|figures| read("rehearsals.figures", figures)).transpose()?;
        let hides_costs = row.tenant_id.map(TenantId).is_some();
        let word = |column, word: String| (column, serde_json::Value::String(word));
        let (column, against) = word("rehearsals.against", row.against);
        let against = read(column, against)?;
        let (column, state) = word("rehearsals.state", row.state);
        let state = read(column, state)?;
        let (column, draft_state) = word("rehearsals.draft_state", row.draft_state);
        let draft_state = read(column, draft_state)?;
        Ok(Self {
            id: row.id,
            title: row.title,
            draft: read("rehearsals.draft", row.draft)?,
            against,
            since: row.since,
            until: row.until,
            state,
            looked_at: row.looked_at.max(0).unsigned_abs(),
            figures: figures.map(|found| if hides_costs { found.without_costs() } else { found }),
            failure: row.failure,
            created_by: row.created_by,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            draft_state,
            effective_at: row.effective_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            refusal: row.refusal,
        })
    }

    /// Whether its draft can be applied now.
    #[must_use]
    pub const fn can_apply(&self) -> bool {
        matches!(self.state, State::Done)
            && !matches!(self.draft_state, DraftState::Scheduled | DraftState::Applied)
    }
}
