//! A recording as it is shown.

use crate::Error;
use chrono::{DateTime, Utc};
use domain::ids::{CallId, TenantId};
use serde::Serialize;
use serde_json::{Value, json};
use store::recordings::{self, Recording};
use uuid::Uuid;

/// How far a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordingState {
    /// What is said is recorded.
    Recording,
    /// What is said is silence in it.
    Paused,
    /// It is over, and whole.
    Ready,
    /// It could not begin or go on; what was recorded before can be heard.
    Failed,
}

/// What both sides heard when a recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NoticeGiven {
    /// Nothing: the policy asks for nothing.
    None,
    /// A tone.
    Tone,
    /// Not the tone that the policy asks for: it could not be played to both of them.
    NotPossible,
}

impl RecordingState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recording, Self::Paused, Self::Ready, Self::Failed];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recording => recordings::RECORDING,
            Self::Paused => recordings::PAUSED,
            Self::Ready => recordings::READY,
            Self::Failed => recordings::FAILED,
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it goes on.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Recording | Self::Paused)
    }
}

impl NoticeGiven {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tone => "tone",
            Self::NotPossible => "notPossible",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Tone, Self::NotPossible].into_iter().find(|notice| notice.word() == word)
    }
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingView {
    /// Its identifier.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which call.
    pub call: CallId,
    /// How far it is.
    pub state: RecordingState,
    /// What both sides heard when it began.
    pub notice: NoticeGiven,
    /// Who began it: a person, a key, or `policy`.
    pub begun_by: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it is, milliseconds; 0 while it goes on.
    pub duration_ms: u64,
    /// What its file takes, bytes; 0 while it goes on.
    pub bytes: u64,
    /// Packets that did not fit, and are silence.
    pub lost: u64,
    /// Packets that could not be decoded, and are silence.
    pub unreadable: u64,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it is deleted by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl RecordingView {
    pub(super) fn of(row: Recording) -> Result<Self, Error> {
        let unreadable =
            |field: &str| Error::internal(store::Error::Unreadable(format!("recordings.{field}")));
        Ok(Self {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            call: CallId(row.call_id),
            state: RecordingState::from_word(&row.state).ok_or_else(|| unreadable("state"))?,
            notice: NoticeGiven::from_word(&row.notice).ok_or_else(|| unreadable("notice"))?,
            begun_by: row.begun_by,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_ms: row.duration_ms.unsigned_abs(),
            bytes: row.bytes.unsigned_abs(),
            lost: row.lost.unsigned_abs(),
            unreadable: row.unreadable.unsigned_abs(),
            failure: row.failure,
            expires_at: row.expires_at,
            deleted_at: row.deleted_at,
        })
    }

    /// Whether there is something to hear.
    #[must_use]
    pub const fn can_be_heard(&self) -> bool {
        !self.state.is_open() && self.deleted_at.is_none() && self.duration_ms > 0
    }

    /// What an event says of it.
    pub(super) fn told(&self) -> (String, Value) {
        let mut data = json!({
            "recordingId": self.id, "callId": self.call, "state": self.state, "begunBy": self.begun_by,
            "notice": self.notice, "startedAt": self.started_at,
        });
        if let (Some(ended_at), Some(fields)) = (self.ended_at, data.as_object_mut()) {
            fields.insert("endedAt".to_owned(), json!(ended_at));
            fields.insert("durationMs".to_owned(), json!(self.duration_ms));
            fields.insert("bytes".to_owned(), json!(self.bytes));
            fields.insert("expiresAt".to_owned(), json!(self.expires_at));
            if let Some(failure) = &self.failure {
                fields.insert("failure".to_owned(), json!(failure));
            }
        }
        (format!("recording/{}/call/{}", self.id, self.call), data)
    }
}
