//! Audit: who changed what.

use crate::{
    App, Error,
    window::{List, Window},
};
use chrono::{DateTime, Utc};
use domain::{access::Actor, ids::TenantId};
use serde::Serialize;
use uuid::Uuid;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Its identifier.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// In which tenant.
    pub tenant: Option<TenantId>,
    /// Who.
    pub actor: String,
    /// What was done: `trunk.update`.
    pub what: String,
    /// To what.
    pub target: String,
    /// How it was.
    pub before: Option<serde_json::Value>,
    /// How it is.
    pub after: Option<serde_json::Value>,
}

/// The changes in the actor's tenant, or all of them for an operator; newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor, _window: Window) -> Result<List<AuditView>, Error> {
    crate::error::later()
}
