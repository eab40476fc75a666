//! A credit note: an invoice is taken back, whole or in part, in a document of its own.

use super::{InvoiceView, dunning, issue, view};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission, Scope},
    billing::{InvoiceLine, Kind, LineKey, State, Subject, Totals, title},
    ids::TenantId,
    ledger::EntryKind,
    tax::Tax,
};
use serde_json::{Value, json};
use store::{Tx, invoices::Invoice};
use uuid::Uuid;

/// Characters of a reason at most.
const REASON_MAX: usize = 500;

/// What is taken back of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditOrder {
    /// Micro-units of its charges; `None` is all that was not credited before. Its tax comes on top.
    pub charges_micros: Option<i64>,
    /// Why: it stands on the credit note.
    pub reason: String,
}

/// Makes a credit note about an invoice, and gives the money back to the balance. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] for a draft, a credit note, or one that is credited
/// whole; [`Error::Invalid`] for more than is left of it.
pub async fn credit(app: &App, actor: &Actor, id: Uuid, order: &CreditOrder) -> Result<InvoiceView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let reason = order.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX {
        let message = format!("say why in 1 to {REASON_MAX} characters: it stands on the credit note");
        return Err(Error::invalid("reason", message));
    }
    let known = store::invoices::get(app.db().read(), &scope, id).await?.ok_or_else(view::no_invoice)?;
    let made = app
        .db()
        .write::<_, Error, _>(async |tx| {
            store::ledger::lock_account(tx, &scope, TenantId(known.tenant_id)).await?;
            let of = store::invoices::lock(tx, &scope, id).await?.ok_or_else(view::no_invoice)?;
            let made = write(app, tx, &scope, &of, order.charges_micros, reason).await?;
            let target = of.id.to_string();
            let after = json!({ "creditNote": made.id, "number": made.number, "totalMicros": made.total_micros,
                "reason": reason });
            let change = Change {
                actor: &actor.name,
                tenant: Some(TenantId(of.tenant_id)),
                what: "invoice.credit",
                target: &target,
                before: Value::Null,
                after,
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(made.id)
        })
        .await?;
    super::get(app, actor, made).await
}

async fn write(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    of: &Invoice,
    charges: Option<i64>,
    reason: &str,
) -> Result<Invoice, Error> {
    if of.number.is_none() || of.kind != Kind::Invoice.word() {
        return Err(Error::conflict("state", "a credit note is about an invoice that was issued"));
    }
    let before = store::invoices::credits_of(tx, scope, of.id).await?;
    let left = before.iter().fold(of.charges_micros, |left, note| left.saturating_add(note.charges_micros));
    if left <= 0 {
        return Err(Error::conflict("state", "this invoice is credited whole"));
    }
    let part = charges.unwrap_or(left);
    if part <= 0 || part > left {
        let currency = view::currency_of(of)?;
        let left = domain::money::Money::new(left, currency);
        let message = format!("{left} of its charges are left to be credited: give that or less");
        return Err(Error::invalid("amount", message));
    }
    let totals = totals(of, part, before.is_empty())?;
    let mut row = note(app, of, &totals, reason);
    let line = InvoiceLine {
        key: LineKey {
            subject: Subject::Reversal,
            number: String::new(),
            description: format!("{}: {reason}", title(&of.series, of.number)),
            rate_version: String::new(),
        },
        quantity: 1,
        billed_ms: 0,
        amount_micros: totals.charges_micros,
    };
    store::invoices::insert(tx, scope, row.clone(), std::slice::from_ref(&line)).await?;
    let settings = super::settings::read(tx).await?;
    settings.terms.series(Kind::CreditNote).clone_into(&mut row.series);
    issue::number(app, tx, scope, &mut row, 0).await?;
    let charges = (EntryKind::Reversal, "credited", totals.charges_micros);
    issue::post(app, tx, scope, &row, charges, line.key.description.clone()).await?;
    let tax: Tax = serde_json::from_str(&of.tax).map_err(Error::internal)?;
    issue::post_beyond(app, tx, scope, &row, &tax, &totals).await?;
    row.state = State::Paid.word().to_owned();
    row.settled_at = row.issued_at;
    store::invoices::update(tx, scope, row.clone()).await?;
    dunning::settle(app, tx, scope, TenantId(of.tenant_id)).await?;
    issue::announce(app, tx, scope, &row).await?;
    Ok(row)
}

/// What a credit note about so much of an invoice comes to; about the whole of it, the invoice's own figures turned.
fn totals(of: &Invoice, part: i64, is_first: bool) -> Result<Totals, Error> {
    if is_first && part == of.charges_micros {
        let whole = Totals {
            charges_micros: of.charges_micros,
            tax_micros: of.tax_micros,
            tax_included: of.tax_included,
            rounding_micros: of.rounding_micros,
            total_micros: of.total_micros,
        };
        return Ok(whole.turned());
    }
    let tax: Tax = serde_json::from_str(&of.tax).map_err(Error::internal)?;
    let currency = view::currency_of(of)?;
    Totals::of(part.saturating_neg(), &tax, of.tax_included, currency).ok_or_else(issue::too_much)
}

/// The document, before it has a number.
fn note(app: &App, of: &Invoice, totals: &Totals, reason: &str) -> Invoice {
    let mut row = Invoice {
        id: Uuid::now_v7(),
        kind: Kind::CreditNote.word().to_owned(),
        state: State::Draft.word().to_owned(),
        number: None,
        credits_id: Some(of.id),
        note: reason.to_owned(),
        open_micros: 0,
        issued_at: None,
        due_at: None,
        settled_at: None,
        reminders: 0,
        created_at: app.now(),
        ..of.clone()
    };
    issue::put_totals(&mut row, totals);
    row
}
