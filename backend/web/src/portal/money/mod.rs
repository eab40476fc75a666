//! Money: a tenant's balance, ledger and invoices; the operator's invoices, taxes and proof.

mod billing;
mod invoices;
mod operator;
mod proof;
mod tenant;
mod topups;

use super::words::{self, At, Badge};
use actix_web::web::ServiceConfig;
use app::invoices::InvoiceView;
use domain::{
    billing::{InvoiceLine, Kind, State},
    money::Money,
};

/// Rows on one page.
const ROWS: u32 = 50;

pub(super) fn mount(pages: &mut ServiceConfig) {
    tenant::mount(pages);
    topups::mount(pages);
    invoices::mount(pages);
    operator::mount(pages);
    billing::mount(pages);
    proof::mount(pages);
}

/// One invoice in a list.
struct InvoiceRow {
    id: String,
    number: String,
    kind: &'static str,
    state: Badge,
    period: String,
    total: String,
    open: String,
    due: Option<String>,
    tenant: String,
    tenant_id: String,
}

impl InvoiceRow {
    fn of(view: &InvoiceView, tenant: String) -> Self {
        Self {
            id: view.id.to_string(),
            number: view.number.clone(),
            kind: kind(view.kind),
            state: state(view.state),
            period: period(view),
            total: words::money(view.total),
            open: words::money(view.open),
            due: view.due_at.filter(|_| view.state.is_owed()).map(words::day),
            tenant,
            tenant_id: view.tenant.to_string(),
        }
    }
}

/// One line of an invoice.
struct LineRow {
    number: String,
    description: String,
    rate_version: String,
    quantity: String,
    billed: String,
    amount: String,
}

/// An invoice, ready to print.
struct InvoicePart {
    row: InvoiceRow,
    issued: Option<At>,
    settled: Option<At>,
    reminders: i32,
    lines: Vec<LineRow>,
    sums: Vec<(String, String)>,
    note: String,
    tax_note: String,
    buyer: Vec<String>,
    credits: Option<String>,
    is_draft: bool,
    is_owed: bool,
    can_be_credited: bool,
}

impl InvoicePart {
    fn of(view: InvoiceView, tenant: String) -> Self {
        let row = InvoiceRow::of(&view, tenant);
        let currency = view.total.currency;
        let line = |line: &InvoiceLine| LineRow {
            number: line.key.number.clone(),
            description: line.key.description.clone(),
            rate_version: line.key.rate_version.clone(),
            quantity: words::count(line.quantity),
            billed: if line.billed_ms == 0 { String::new() } else { words::duration(line.billed_ms) },
            amount: words::money(Money::new(line.amount_micros, currency)),
        };
        let buyer = view.buyer.iter().flat_map(|party| {
            let rest =
                party.address.iter().cloned().chain(party.country.clone()).chain(party.tax_number.clone());
            std::iter::once(party.name.clone()).chain(rest)
        });
        Self {
            row,
            issued: view.issued_at.map(At::from),
            settled: view.settled_at.map(At::from),
            reminders: view.reminders,
            lines: view.lines.iter().flatten().map(line).collect(),
            sums: sums(&view),
            note: view.note.clone(),
            tax_note: view.tax.as_ref().map(|tax| tax.note.clone()).unwrap_or_default(),
            buyer: buyer.collect(),
            credits: view.credits.map(|id| id.to_string()),
            is_draft: view.state == State::Draft,
            is_owed: view.state.is_owed(),
            can_be_credited: view.kind == Kind::Invoice && view.state != State::Draft,
        }
    }
}

/// What the lines come to.
fn sums(view: &InvoiceView) -> Vec<(String, String)> {
    let mut sums = vec![("Charges".to_owned(), words::money(view.net()))];
    if view.tax_amount.micros != 0 {
        let name = view.tax.as_ref().map_or_else(
            || "Tax".to_owned(),
            |tax| {
                let (whole, part) = (tax.basis_points / 100, tax.basis_points % 100);
                format!("{} {whole}.{part:02} % ({})", tax.name, tax.country.as_deref().unwrap_or_default())
            },
        );
        sums.push((name, words::money(view.tax_amount)));
    }
    if view.rounding.micros != 0 {
        sums.push(("Rounding".to_owned(), words::money(view.rounding)));
    }
    sums.push(("Total".to_owned(), words::money(view.total)));
    if view.open != view.total && view.kind == Kind::Invoice {
        sums.push(("To be paid".to_owned(), words::money(view.open)));
    }
    sums
}

fn period(view: &InvoiceView) -> String {
    let last = view.ends_at - chrono::Duration::microseconds(1);
    format!("{} to {}", words::day(view.starts_at), words::day(last))
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "Invoice",
        Kind::CreditNote => "Credit note",
    }
}

fn state(state: State) -> Badge {
    match state {
        State::Draft => Badge::new("", "draft"),
        State::Open => Badge::new("warn", "open"),
        State::Paid => Badge::new("good", "paid"),
        State::Overdue => Badge::new("bad", "overdue"),
        State::WrittenOff => Badge::new("", "written off"),
    }
}
