//! Whether records, ledger, balances and holds tell one story.

use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::access::{Actor, Permission, Scope};
use serde::Serialize;

/// What does not add up, and when that was counted. All figures are zero on a sound database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftView {
    /// When it was counted.
    pub at: DateTime<Utc>,
    /// All of it in one figure.
    pub figure: i64,
    /// Journals whose entries do not sum to zero.
    pub unbalanced_journals: i64,
    /// Micro-units by which balances differ from their entries.
    pub balance_micros: i64,
    /// Micro-units by which held money differs from the holds.
    pub held_micros: i64,
    /// Micro-units by which the totals of calls differ from their entries.
    pub calls_micros: i64,
    /// Holds of calls that are over.
    pub stray_holds: i64,
    /// Micro-units by which closed periods, invoices, their lines and what was posted for them differ.
    pub invoices_micros: i64,
    /// Numbers of invoices that are missing.
    pub number_gaps: i64,
}

/// Counts it now.
///
/// # Errors
/// [`Error::Denied`] for all but operators.
pub async fn drift(app: &App, actor: &Actor) -> Result<DriftView, Error> {
    actor.scope(Permission::Operate)?;
    check_drift(app).await
}

/// Counts it now, for the job that keeps the figure fresh.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn check_drift(app: &App) -> Result<DriftView, Error> {
    let scope = Scope::system("the drift check reads every tenant's money");
    let found = store::ledger::drift(app.db(), &scope).await?;
    let view = DriftView {
        at: app.now(),
        figure: found.figure(),
        unbalanced_journals: found.unbalanced_journals,
        balance_micros: found.balance_micros,
        held_micros: found.held_micros,
        calls_micros: found.calls_micros,
        stray_holds: found.stray_holds,
        invoices_micros: found.invoices_micros,
        number_gaps: found.number_gaps,
    };
    if !found.is_zero() {
        tracing::error!(
            figure = view.figure,
            "money does not add up: compare calls, entries, accounts, holds and invoices"
        );
    }
    app.calls().keep_drift(view);
    Ok(view)
}

/// What was counted last on this node; `None` before the first count.
#[must_use]
pub fn last_drift(app: &App) -> Option<DriftView> {
    app.calls().last_drift()
}
