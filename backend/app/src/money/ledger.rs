//! The lines of a tenant's ledger.

use crate::{App, Error, Page, PageRequest};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::{CallId, EntryId, LeaseId, TenantId},
    ledger::EntryKind,
    money::Money,
};
use serde::Serialize;
use uuid::Uuid;

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// Its identifier.
    pub id: EntryId,
    /// When.
    pub at: DateTime<Utc>,
    /// What for.
    pub kind: EntryKind,
    /// Negative for debits.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// The call it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// The lease of the number it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_id: Option<LeaseId>,
    /// The invoice it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<Uuid>,
    /// What it is for, in words; not of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The entry that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<EntryId>,
    /// The entry that took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<EntryId>,
}

impl From<store::ledger::Entry> for EntryView {
    fn from(entry: store::ledger::Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            kind: entry.kind,
            amount: entry.amount,
            balance_after: entry.balance_after,
            call_id: entry.call,
            number_id: entry.number,
            invoice_id: entry.invoice,
            description: None,
            reverses: entry.reverses,
            reversed_by: None,
        }
    }
}

/// The ledger of the actor's tenant, newest first.
///
/// # Errors
/// [`Error::Denied`] where the actor may not see it, [`Error::Invalid`] where the page's key is not one of ours.
pub async fn ledger(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<EntryView>, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(super::balance::no_account)?;
    of_tenant(app, &scope, tenant, page).await
}

/// The ledger of a tenant, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] where the page's key is not one of ours.
pub async fn ledger_of(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    page: &PageRequest,
) -> Result<Page<EntryView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let missing = || Error::not_found("tenant", "there is no such tenant");
    store::ledger::account(app.db().read(), &scope, tenant).await?.ok_or_else(missing)?;
    of_tenant(app, &scope, tenant, page).await
}

async fn of_tenant(
    app: &App,
    scope: &Scope,
    tenant: TenantId,
    page: &PageRequest,
) -> Result<Page<EntryView>, Error> {
    let (on, after) = (app.db().read(), page.key::<EntryId>()?);
    let entries = store::ledger::entries(on, scope, tenant, after, page.limit()).await?;
    let ids = entries.iter().map(|entry| entry.id).collect();
    let reversals = store::ledger::reversals(on, scope, tenant, ids).await?;
    let texts = store::ledger::texts(on, scope, tenant, &entries).await?;
    let view = |entry: store::ledger::Entry| EntryView {
        description: texts.get(&entry.journal).cloned(),
        reversed_by: reversals.get(&entry.id).copied(),
        ..EntryView::from(entry)
    };
    Ok(page.cut(entries.into_iter().map(view).collect(), |entry| entry.id.to_string()))
}
