//! What the operator does to an invoice.

use super::{InvoiceView, dunning, issue as issuing, view};
use crate::{
    App, Error,
    audit::{self, Change},
    events,
};
use domain::{
    access::{Actor, Permission, Scope},
    billing::{Action, State, title},
    ids::TenantId,
    ledger::EntryKind,
    money::Money,
};
use serde_json::{Value, json};
use store::{
    Tx,
    invoices::Invoice,
    ledger::{Cover, Posting},
};
use uuid::Uuid;

/// Issues a draft that waited for the operator. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is no draft.
pub async fn issue(app: &App, actor: &Actor, id: Uuid) -> Result<InvoiceView, Error> {
    act(app, actor, id, "invoice.issue", async |tx, scope, row| {
        issuing::issue(app, tx, scope, row).await.map(drop)
    })
    .await
}

/// Says that an invoice was paid in another way than by a top-up: what is open of it is paid in. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where nothing of it is open.
pub async fn pay(app: &App, actor: &Actor, id: Uuid) -> Result<InvoiceView, Error> {
    act(app, actor, id, "invoice.pay", async |tx, scope, row| {
        let text = format!("payment of {}", title(&row.series, row.number));
        let posted = (EntryKind::TopUp, format!("payment:{}:{}", row.id, Uuid::now_v7()), Some(row.id), text);
        give(app, tx, scope, &row, posted).await?;
        dunning::settle(app, tx, scope, TenantId(row.tenant_id)).await
    })
    .await
}

/// Gives up on what is open of an invoice: the tenant is credited with it. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where nothing of it is open.
pub async fn write_off(app: &App, actor: &Actor, id: Uuid) -> Result<InvoiceView, Error> {
    act(app, actor, id, "invoice.writeOff", async |tx, scope, row| {
        let text = format!("{} written off", title(&row.series, row.number));
        give(app, tx, scope, &row, (EntryKind::Credit, format!("writeOff:{}", row.id), None, text)).await?;
        let state = state_of(&row).after(Action::WriteOff).map_err(refused)?;
        let settled_at = Some(app.now());
        let row = Invoice { state: state.word().to_owned(), settled_at, open_micros: 0, ..row };
        store::invoices::update(tx, scope, row.clone()).await?;
        dunning::settle(app, tx, scope, TenantId(row.tenant_id)).await
    })
    .await
}

/// Posts what is open of an invoice in the tenant's favour.
async fn give(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    (kind, key, invoice, description): (EntryKind, String, Option<Uuid>, String),
) -> Result<(), Error> {
    if !state_of(row).is_owed() || row.open_micros <= 0 {
        return Err(Error::conflict("state", "nothing of this document is open"));
    }
    let posting = Posting {
        kind,
        amount: Money::new(row.open_micros, view::currency_of(row)?),
        cover: Cover::Held,
        key,
        description,
        at: app.now(),
        call: None,
        number: None,
        invoice,
    };
    events::post(app, tx, scope, TenantId(row.tenant_id), &posting).await?;
    Ok(())
}

/// Does something to a document in one transaction, with its account and itself locked, and notes it.
async fn act(
    app: &App,
    actor: &Actor,
    id: Uuid,
    what: &'static str,
    work: impl AsyncFn(&Tx, &Scope, Invoice) -> Result<(), Error>,
) -> Result<InvoiceView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let known = store::invoices::get(app.db().read(), &scope, id).await?.ok_or_else(view::no_invoice)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            // Always the account first: whoever issues or settles does so too.
            store::ledger::lock_account(tx, &scope, TenantId(known.tenant_id)).await?;
            dunning::settle(app, tx, &scope, TenantId(known.tenant_id)).await?;
            let before = store::invoices::lock(tx, &scope, id).await?.ok_or_else(view::no_invoice)?;
            work(tx, &scope, before.clone()).await?;
            let after = store::invoices::get(tx, &scope, id).await?.ok_or_else(view::no_invoice)?;
            noted(app, tx, &scope, actor, what, (&before, &after)).await
        })
        .await?;
    super::get(app, actor, id).await
}

async fn noted(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    actor: &Actor,
    what: &'static str,
    (before, after): (&Invoice, &Invoice),
) -> Result<(), Error> {
    let said = |row: &Invoice| -> Value {
        json!({ "state": row.state, "number": row.number, "openMicros": row.open_micros })
    };
    let target = after.id.to_string();
    let tenant = Some(TenantId(after.tenant_id));
    let change = Change {
        actor: &actor.name,
        tenant,
        what,
        target: &target,
        before: said(before),
        after: said(after),
    };
    audit::record(app, tx, scope, change).await
}

fn state_of(row: &Invoice) -> State {
    State::from_word(&row.state).unwrap_or(State::Draft)
}

fn refused(refused: domain::billing::NotNow) -> Error {
    Error::conflict("state", refused.to_string())
}
