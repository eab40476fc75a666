//! What is owed, and what happens when it is not paid.

use super::{close::span_after, issue, settings};
use crate::{App, Error, mails};
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    billing::{Action, Claim, State, open_amounts, title},
    ids::TenantId,
    money::Money,
};
use std::collections::HashMap;
use store::{
    Tx,
    invoices::{Invoice, Wanted},
};
use uuid::Uuid;

/// Documents of a tenant whose payment is looked at: the newest.
const LOOKED_AT: u64 = 100;

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dunned {
    /// Tenants that owed something.
    pub debtors: u64,
    /// Reminders written.
    pub reminders: u64,
}

/// Looks what was paid, which invoices are overdue at `now`, and reminds of those. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn dun(app: &App, now: DateTime<Utc>) -> Result<Dunned, Error> {
    let scope = Scope::system("invoices of all tenants are looked at");
    let mut dunned = Dunned::default();
    for tenant in store::invoices::debtors(app.db().read(), &scope).await? {
        dunned.debtors += 1;
        dunned.reminders += app
            .db()
            .write::<_, Error, _>(async |tx| {
                settle(app, tx, &scope, tenant).await?;
                remind(app, tx, &scope, tenant, now).await
            })
            .await?;
    }
    Ok(dunned)
}

/// Looks what of a tenant's invoices is paid. What it pays goes to the oldest first; what it was charged since its last
/// period was closed is owed by no invoice yet.
pub(super) async fn settle(app: &App, tx: &Tx, scope: &Scope, tenant: TenantId) -> Result<(), Error> {
    let Some(account) = store::ledger::lock_account(tx, scope, tenant).await? else { return Ok(()) };
    let last = store::invoices::last_period(tx, scope, tenant).await?;
    let mut span = span_after(last.as_ref(), tenant, app.now(), Uuid::max());
    span.ends_at = None;
    let unbilled = store::invoices::charges_sum(tx, scope, &span).await?;
    let wanted = Wanted { tenant: Some(tenant), without: vec![State::WrittenOff], ..Wanted::default() };
    let mut rows = store::invoices::list(tx, scope, &wanted, None, LOOKED_AT).await?;
    rows.reverse();
    let mut credited: HashMap<Uuid, i64> = HashMap::new();
    for row in &rows {
        if let Some(id) = row.credits_id {
            *credited.entry(id).or_default() += row.total_micros;
        }
    }
    let claim = |row: &Invoice| Claim {
        id: row.id,
        total_micros: row.total_micros.saturating_add(credited.get(&row.id).copied().unwrap_or_default()),
    };
    let claims: Vec<_> = rows.iter().map(claim).collect();
    let open = open_amounts(account.balance_micros.saturating_sub(unbilled), &claims);
    for (row, (_, open_micros)) in rows.into_iter().zip(open) {
        let after = settled(app.now(), &row, open_micros);
        if after != row {
            store::invoices::update(tx, scope, after).await?;
        }
    }
    Ok(())
}

/// A document as it is when so much of it is not paid.
fn settled(now: DateTime<Utc>, row: &Invoice, open_micros: i64) -> Invoice {
    let state = State::from_word(&row.state).unwrap_or(State::Draft);
    let action = match (state, open_micros) {
        (State::Open | State::Overdue, 0) => Action::Settle,
        (State::Paid, 1..) => Action::Reopen,
        (State::Draft | State::WrittenOff, _) => return row.clone(),
        _ => return Invoice { open_micros, ..row.clone() },
    };
    let after = state.after(action).unwrap_or(state);
    let settled_at = (after == State::Paid).then_some(now);
    Invoice { open_micros, state: after.word().to_owned(), settled_at, ..row.clone() }
}

/// Marks what is overdue, and reminds of it by the operator's steps: each once.
async fn remind(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let terms = settings::read(tx).await?.terms;
    let states = vec![State::Open, State::Overdue];
    let wanted = Wanted { tenant: Some(tenant), states, ..Wanted::default() };
    let mut sent = 0;
    for mut row in store::invoices::list(tx, scope, &wanted, None, LOOKED_AT).await? {
        let Some(due_at) = row.due_at.filter(|due| *due <= now) else { continue };
        let before = row.clone();
        if let Ok(state) = State::from_word(&row.state).unwrap_or(State::Draft).after(Action::FallDue) {
            row.state = state.word().to_owned();
        }
        let steps = i32::try_from(terms.reminders_after((now - due_at).num_days())).unwrap_or(i32::MAX);
        if steps > row.reminders {
            row.reminders = steps;
            let open = Money::new(row.open_micros, issue::currency(&row.currency)?);
            for address in issue::readers(tx, scope, &row).await? {
                let title = title(&row.series, row.number);
                mails::reminder(app, tx, scope, &row, &address, (&title, open, steps)).await?;
            }
            sent += 1;
        }
        if row != before {
            store::invoices::update(tx, scope, row).await?;
        }
    }
    Ok(sent)
}
