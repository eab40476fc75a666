//! Audit: who changed what.

use crate::{
    App, Error,
    window::{List, Window},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde::Serialize;
use serde_json::Value;
use store::{Tx, audit};
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
    pub before: Option<Value>,
    /// How it is.
    pub after: Option<Value>,
}

/// A change, as a use case says it. Secrets never stand in it.
pub(crate) struct Change<'a> {
    /// Who.
    pub(crate) actor: &'a str,
    /// In which tenant.
    pub(crate) tenant: Option<TenantId>,
    /// What was done: `trunk.update`.
    pub(crate) what: &'static str,
    /// To what.
    pub(crate) target: &'a str,
    /// How it was; null where it was not there.
    pub(crate) before: Value,
    /// How it is; null where it is gone.
    pub(crate) after: Value,
}

/// Writes a change down, in the transaction that makes it.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub(crate) async fn record(app: &App, tx: &Tx, scope: &Scope, change: Change<'_>) -> Result<(), Error> {
    let row = audit::Audit {
        id: Uuid::now_v7(),
        at: app.now(),
        tenant_id: change.tenant.map(|tenant| tenant.0),
        actor: change.actor.to_owned(),
        what: change.what.to_owned(),
        target: change.target.to_owned(),
        before: Some(change.before).filter(|value| !value.is_null()),
        after: Some(change.after).filter(|value| !value.is_null()),
    };
    Ok(audit::insert(tx, scope, row).await?)
}

/// A view as the audit keeps it.
pub(crate) fn seen(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or(Value::Null)
}

/// The changes in the actor's tenant, or all of them for an operator; newest first.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<AuditView>, Error> {
    let scope = actor.scope(Permission::Operate).or_else(|_| actor.scope(Permission::ReadTenant))?;
    let rows = audit::list(app.db().read(), &scope, window.skip, window.fetch()).await?;
    Ok(window.cut(rows.into_iter().map(view).collect()))
}

fn view(row: audit::Audit) -> AuditView {
    AuditView {
        id: row.id,
        at: row.at,
        tenant: row.tenant_id.map(TenantId),
        actor: row.actor,
        what: row.what,
        target: row.target,
        before: row.before,
        after: row.after,
    }
}
