//! Invoices as they are shown.

use super::Party;
use crate::Error;
use chrono::{DateTime, Utc};
use domain::{
    billing::{InvoiceLine, Kind, State, Zone, title},
    ids::TenantId,
    money::{Currency, Money},
    tax::Tax,
};
use serde::Serialize;
use store::invoices::Invoice;
use uuid::Uuid;

/// An invoice or a credit note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceView {
    /// Its identifier.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// Which document.
    pub kind: Kind,
    /// Where it is.
    pub state: State,
    /// How it is called: `INV-000042`, or `draft`.
    pub number: String,
    /// When its period began.
    pub starts_at: DateTime<Utc>,
    /// When its period ended.
    pub ends_at: DateTime<Utc>,
    /// The sum of its lines.
    pub charges: Money,
    /// The tax; of a draft, none yet.
    pub tax: Option<Tax>,
    /// What the tax comes to.
    pub tax_amount: Money,
    /// Whether the tax is among the charges.
    pub tax_included: bool,
    /// What makes the total payable.
    pub rounding: Money,
    /// What it comes to.
    pub total: Money,
    /// What of it is not paid.
    pub open: Money,
    /// Who sells; of a draft, nobody yet.
    pub seller: Option<Party>,
    /// Who buys; of a draft, nobody yet.
    pub buyer: Option<Party>,
    /// What the operator says on it.
    pub note: String,
    /// Of a credit note: the invoice that it is about.
    pub credits: Option<Uuid>,
    /// When it got its number.
    pub issued_at: Option<DateTime<Utc>>,
    /// When it is to be paid.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was paid, or written off.
    pub settled_at: Option<DateTime<Utc>>,
    /// Reminders sent.
    pub reminders: i32,
    /// Its lines; of one document alone, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<InvoiceLine>>,
}

impl InvoiceView {
    pub(super) fn of(row: Invoice, lines: Option<Vec<InvoiceLine>>) -> Result<Self, Error> {
        let currency = currency_of(&row)?;
        let money = |micros| Money::new(micros, currency);
        Ok(Self {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            kind: Kind::from_word(&row.kind).ok_or_else(|| unreadable("kind"))?,
            state: State::from_word(&row.state).ok_or_else(|| unreadable("state"))?,
            number: title(&row.series, row.number),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            charges: money(row.charges_micros),
            tax: serde_json::from_str(&row.tax).map_err(Error::internal)?,
            tax_amount: money(row.tax_micros),
            tax_included: row.tax_included,
            rounding: money(row.rounding_micros),
            total: money(row.total_micros),
            open: money(row.open_micros),
            seller: serde_json::from_str(&row.seller).map_err(Error::internal)?,
            buyer: serde_json::from_str(&row.buyer).map_err(Error::internal)?,
            note: row.note,
            credits: row.credits_id,
            issued_at: row.issued_at,
            due_at: row.due_at,
            settled_at: row.settled_at,
            reminders: row.reminders,
            lines,
        })
    }

    /// The charges without tax.
    #[must_use]
    pub const fn net(&self) -> Money {
        let tax = if self.tax_included { self.tax_amount.micros } else { 0 };
        Money::new(self.charges.micros.saturating_sub(tax), self.charges.currency)
    }
}

/// The month that a document is about, as `2026-11`: that in which its period's last moment was.
pub(super) fn month_of(zone: Zone, row: &Invoice) -> String {
    zone.month(row.ends_at - chrono::Duration::microseconds(1))
}

pub(super) fn currency_of(row: &Invoice) -> Result<Currency, Error> {
    row.currency.parse().map_err(Error::internal)
}

pub(super) fn no_invoice() -> Error {
    Error::not_found("invoice", "there is no such invoice")
}

fn unreadable(column: &str) -> Error {
    Error::internal(format!("invoices.{column} holds what this version cannot read"))
}
