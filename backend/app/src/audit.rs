//! Audit: who changed what.

use crate::{App, Error, Page, PageRequest, versions};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde::Serialize;
use serde_json::Value;
use store::{Tx, audit};
use uuid::Uuid;

/// Characters of the word for what was done, at most.
const WORD_MAX: usize = 60;
/// Characters of an actor's name that are kept.
const ACTOR_MAX: usize = 254;

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

/// Which changes are wanted; what is left out narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// In this tenant; for the operator, who sees all of them.
    pub tenant: Option<TenantId>,
    /// By whom: an e-mail address, `key:primary`, …
    pub actor: Option<String>,
    /// What was done: `trunk.update`, or only the noun, `trunk`.
    pub what: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// A change, as a use case says it. Secrets never stand in it.
#[derive(Clone)]
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
/// [`Error::Invalid`] (412) where the request expects another version of what it changes: see [`versions`].
/// [`Error::Internal`] where the database fails.
pub(crate) async fn record(app: &App, tx: &Tx, scope: &Scope, change: Change<'_>) -> Result<(), Error> {
    let id = Uuid::now_v7();
    versions::check(tx, id).await?;
    let row = audit::Audit {
        id,
        at: app.now(),
        tenant_id: change.tenant.map(|tenant| tenant.0),
        actor: change.actor.chars().take(ACTOR_MAX).collect(),
        what: change.what.to_owned(),
        target: change.target.to_owned(),
        before: Some(change.before).filter(|value| !value.is_null()),
        after: Some(change.after).filter(|value| !value.is_null()),
    };
    Ok(audit::insert(tx, scope, row).await?)
}

/// Writes down what was done where no row of the database changes with it: to a live call, or to a node.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub(crate) async fn note(app: &App, scope: &Scope, change: Change<'_>) -> Result<(), Error> {
    app.db().write::<_, Error, _>(async |tx| record(app, tx, scope, change.clone()).await).await
}

/// A view as the audit keeps it.
pub(crate) fn seen(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or(Value::Null)
}

/// The changes in the actor's tenant, or all of them for an operator; newest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page or a filter.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditView>, Error> {
    let scope = scope_of(actor)?;
    let wanted = audit::Wanted {
        tenant: filter.tenant,
        actor: filter.actor.clone(),
        what: filter.what.as_deref().map(word).transpose()?,
        target: filter.target.clone(),
        since: filter.since,
        until: filter.until,
    };
    let rows = audit::list(app.db().read(), &scope, &wanted, page.key()?, page.limit()).await?;
    Ok(page.cut(rows.into_iter().map(view).collect(), |change: &AuditView| change.id.to_string()))
}

/// A change.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<AuditView, Error> {
    let row = audit::get(app.db().read(), &scope_of(actor)?, id).await?;
    row.map(view).ok_or_else(|| Error::not_found("id", "there is no such change"))
}

fn scope_of(actor: &Actor) -> Result<Scope, Error> {
    Ok(actor.scope(Permission::Operate).or_else(|_| actor.scope(Permission::ReadAudit))?)
}

/// What was done, by its word or its noun.
fn word(text: &str) -> Result<String, Error> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if plain && !text.is_empty() && text.len() <= WORD_MAX {
        return Ok(text.to_owned());
    }
    Err(Error::invalid("what", "name what was done, such as trunk.update, or only its noun, such as trunk"))
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
