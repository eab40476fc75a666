//! What the doctor found.

use chrono::{DateTime, Utc};
use domain::ids::{CallId, TenantId};
use serde::Serialize;
use std::time::Duration;
use uuid::Uuid;

/// Findings of one report at most.
pub(super) const FINDINGS_MAX: usize = 64;

/// An examination of a trunk: what was found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its identifier.
    pub id: Uuid,
    /// Whose trunk it is.
    pub(crate) tenant: TenantId,
    /// The trunk.
    pub fqdn: String,
    /// The number that test calls go to, where one was given.
    pub echo: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// What was found, in the order of trying.
    pub findings: Vec<Finding>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was tried.
    pub topic: Topic,
    /// How it went.
    pub state: FindingState,
    /// What was seen.
    pub said: String,
    /// What to change, where something is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// How long it took, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// The test call behind it, whose trace has all messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
}

/// What is tried, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// The trunk's settings against what this platform can do.
    Settings,
    /// A, AAAA, SRV and NAPTR records of the name.
    Dns,
    /// A connection to each address.
    Connect,
    /// The certificate's chain, names and dates.
    Certificate,
    /// OPTIONS.
    Options,
    /// An INVITE to the echo number.
    Invite,
    /// Audio there and back.
    Audio,
    /// A key as a telephone-event (RFC 4733).
    Dtmf,
    /// Hold and resume by re-INVITE.
    Hold,
    /// Session timers (RFC 4028).
    SessionTimer,
    /// Each codec on its own.
    Codec,
    /// Encrypted media.
    Srtp,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// As it should.
    Passed,
    /// Calls work, with a reservation.
    Warning,
    /// Calls will fail here.
    Failed,
    /// Not tried, and why.
    Skipped,
}

impl Finding {
    pub(super) fn new(topic: Topic, state: FindingState, said: impl Into<String>) -> Self {
        Self { topic, state, said: said.into(), remedy: None, took_ms: None, call_id: None }
    }

    pub(super) fn passed(topic: Topic, said: impl Into<String>) -> Self {
        Self::new(topic, FindingState::Passed, said)
    }

    pub(super) fn skipped(topic: Topic, said: impl Into<String>) -> Self {
        Self::new(topic, FindingState::Skipped, said)
    }

    pub(super) fn warning(topic: Topic, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(topic, FindingState::Warning, said) }
    }

    pub(super) fn failed(topic: Topic, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(topic, FindingState::Failed, said) }
    }

    pub(super) fn in_time(mut self, took: Duration) -> Self {
        self.took_ms = u64::try_from(took.as_millis()).ok();
        self
    }

    pub(super) fn of_call(mut self, call: Option<CallId>) -> Self {
        self.call_id = call;
        self
    }
}

impl Report {
    /// The worst that was found; [`FindingState::Passed`] where nothing was.
    #[must_use]
    pub fn worst(&self) -> FindingState {
        let has = |state| self.findings.iter().any(|finding| finding.state == state);
        match () {
            () if has(FindingState::Failed) => FindingState::Failed,
            () if has(FindingState::Warning) => FindingState::Warning,
            () => FindingState::Passed,
        }
    }
}
