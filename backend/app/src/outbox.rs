//! The outbox: what must leave the platform is written with the change that causes it, and delivered by a job.

use crate::{
    App, Error,
    window::{List, Window},
};
use chrono::{DateTime, Utc};
use domain::access::Actor;
use serde::Serialize;
use uuid::Uuid;

/// A message that leaves, or left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxView {
    /// Its identifier.
    pub id: Uuid,
    /// `mail`, `call.ended`, …
    pub kind: String,
    /// What it says.
    pub payload: serde_json::Value,
    /// `pending`, `done`, `kept` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// What the last try said.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// The outbox, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor, _window: Window) -> Result<List<OutboxView>, Error> {
    crate::error::later()
}

/// Delivers what is due, a bounded batch at a time, and says how many left. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; a message that cannot be delivered is tried again later.
pub async fn deliver(_app: &App) -> Result<u64, Error> {
    crate::error::later()
}
