//! The lines of a tenant's ledger.

use crate::{App, Error, Page, PageRequest};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission},
    ids::{CallId, EntryId, LeaseId},
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
    let after = page.key::<EntryId>()?;
    let entries = store::ledger::entries(app.db().read(), &scope, tenant, after, page.limit()).await?;
    Ok(page.cut(entries.into_iter().map(EntryView::from).collect(), |entry| entry.id.to_string()))
}
