//! A document gets its number: tax and rounding are posted, and it is owed from then on.

use super::{BillingSettings, Party, dunning, profile, settings, view::month_of};
use crate::{App, Error, events, mails};
use chrono::Duration;
use domain::{
    access::Scope,
    billing::{Action, Kind, State, Totals, title},
    events::EventKind,
    ids::TenantId,
    ledger::EntryKind,
    money::{Currency, Money},
    tax::{Buyer, Tax, tax_of},
};
use serde_json::json;
use store::{
    Tx,
    invoices::{Invoice, Period},
    ledger::{Cover, Posting},
};
use uuid::Uuid;

/// People of a tenant who get its invoices by mail, at most.
const READERS_MAX: u64 = 10;

/// The document of a closed period, before anything is known but its lines.
pub(super) fn draft(
    app: &App,
    id: Uuid,
    period: &Period,
    settings: &BillingSettings,
    tax_included: bool,
) -> Invoice {
    let kind = if period.charges_micros < 0 { Kind::CreditNote } else { Kind::Invoice };
    Invoice {
        id,
        tenant_id: period.tenant_id,
        kind: kind.word().to_owned(),
        state: State::Draft.word().to_owned(),
        series: settings.terms.series(kind).to_owned(),
        number: None,
        starts_at: period.starts_at,
        ends_at: period.ends_at,
        currency: period.currency.clone(),
        charges_micros: period.charges_micros,
        tax_micros: 0,
        tax_included,
        rounding_micros: 0,
        total_micros: period.charges_micros,
        open_micros: 0,
        tax: "null".to_owned(),
        seller: "null".to_owned(),
        buyer: "null".to_owned(),
        note: String::new(),
        credits_id: None,
        issued_at: None,
        due_at: None,
        settled_at: None,
        reminders: 0,
        created_at: app.now(),
    }
}

/// Issues a draft, in the transaction that locked the tenant's account.
pub(super) async fn issue(app: &App, tx: &Tx, scope: &Scope, mut row: Invoice) -> Result<Invoice, Error> {
    let tenant = TenantId(row.tenant_id);
    let settings = settings::read(tx).await?;
    let (buyer, exemption) = buyer(tx, scope, tenant).await?;
    let vat_number = buyer.vat_number();
    let whom = Buyer {
        country: buyer.country.as_deref(),
        vat_number: vat_number.as_ref(),
        exempt: exemption.as_deref(),
    };
    let tax = tax_of(&settings.rules(), &whom);
    let currency = super::view::currency_of(&row)?;
    let totals = Totals::of(row.charges_micros, &tax, row.tax_included, currency).ok_or_else(too_much)?;
    row.tax = serde_json::to_string(&tax).map_err(Error::internal)?;
    row.seller = serde_json::to_string(&settings.seller).map_err(Error::internal)?;
    row.buyer = serde_json::to_string(&buyer).map_err(Error::internal)?;
    settings.foot.clone_into(&mut row.note);
    put_totals(&mut row, &totals);
    number(app, tx, scope, &mut row, i64::from(settings.terms.due_days)).await?;
    post_beyond(app, tx, scope, &row, &tax, &totals).await?;
    store::invoices::update(tx, scope, row.clone()).await?;
    dunning::settle(app, tx, scope, tenant).await?;
    announce(app, tx, scope, &row).await?;
    Ok(row)
}

/// Gives a document its number and its day of payment.
pub(super) async fn number(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &mut Invoice,
    due_days: i64,
) -> Result<(), Error> {
    let now = app.now();
    let state = State::from_word(&row.state).unwrap_or(State::Draft).after(Action::Issue);
    let state = state.map_err(|refused| Error::conflict("state", refused.to_string()))?;
    row.state = state.word().to_owned();
    row.number = Some(store::invoices::next_number(tx, scope, &row.series).await?);
    row.issued_at = Some(now);
    row.due_at = Some(now + Duration::days(due_days));
    row.open_micros = row.total_micros.max(0);
    Ok(())
}

pub(super) const fn put_totals(row: &mut Invoice, totals: &Totals) {
    row.charges_micros = totals.charges_micros;
    row.tax_micros = totals.tax_micros;
    row.tax_included = totals.tax_included;
    row.rounding_micros = totals.rounding_micros;
    row.total_micros = totals.total_micros;
}

/// Posts what is not in the ledger yet: the tax, and what was rounded.
pub(super) async fn post_beyond(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    tax: &Tax,
    totals: &Totals,
) -> Result<(), Error> {
    let title = title(&row.series, row.number);
    let percent = f_percent(tax.basis_points);
    let parts = [
        (EntryKind::Tax, "tax", totals.tax_to_post(), format!("{} {percent} on {title}", tax.name)),
        (EntryKind::Credit, "rounding", totals.rounding_micros, format!("rounding of {title}")),
    ];
    for (kind, what, owed, description) in parts {
        post(app, tx, scope, row, (kind, what, owed), description).await?;
    }
    Ok(())
}

/// Posts what is owed for a document; nothing where it is nothing. The balance may fall below zero: it is owed.
pub(super) async fn post(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    (kind, what, owed): (EntryKind, &str, i64),
    description: String,
) -> Result<(), Error> {
    if owed == 0 {
        return Ok(());
    }
    let posting = Posting {
        kind,
        amount: Money::new(owed.saturating_neg(), super::view::currency_of(row)?),
        cover: Cover::Held,
        key: format!("{what}:{}", row.id),
        description,
        at: app.now(),
        call: None,
        number: None,
        invoice: Some(row.id),
    };
    events::post(app, tx, scope, TenantId(row.tenant_id), &posting).await?;
    Ok(())
}

/// Hundredths of a percent as people write them: `25 %`, `25.5 %`.
pub(super) fn f_percent(basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    let part = format!("{part:02}");
    match part.trim_end_matches('0') {
        "" => format!("{whole} %"),
        part => format!("{whole}.{part} %"),
    }
}

/// Tells of a document that is new: by an event, and by mail to whom it is for.
pub(super) async fn announce(app: &App, tx: &Tx, scope: &Scope, row: &Invoice) -> Result<(), Error> {
    let tenant = TenantId(row.tenant_id);
    let title = title(&row.series, row.number);
    let total = Money::new(row.total_micros, super::view::currency_of(row)?);
    let zone = profile::read(tx, scope, tenant).await?.zone;
    let data = json!({
        "invoiceId": row.id,
        "month": month_of(zone, row),
        "number": title,
        "kind": row.kind,
        "total": total,
        "dueAt": row.due_at,
    });
    events::raise(app, tx, scope, tenant, EventKind::InvoiceReady, (format!("invoice/{}", row.id), data))
        .await?;
    let due = row.due_at.filter(|_| row.open_micros > 0).map(|at| zone.day(at));
    for address in readers(tx, scope, row).await? {
        mails::invoice(app, tx, scope, row, &address, (&title, total, due.as_deref())).await?;
    }
    Ok(())
}

/// Who gets a tenant's invoices by mail: the address that it gave, else its people.
pub(super) async fn readers(tx: &Tx, scope: &Scope, row: &Invoice) -> Result<Vec<String>, Error> {
    let profile = profile::read(tx, scope, TenantId(row.tenant_id)).await?;
    if let Some(email) = profile.party.email {
        return Ok(vec![email]);
    }
    let people = store::users::of_tenant(tx, scope, row.tenant_id, READERS_MAX).await?;
    Ok(people.into_iter().map(|person| person.email).collect())
}

/// Who buys, as far as it is known, and why it is exempt.
async fn buyer(tx: &Tx, scope: &Scope, tenant: TenantId) -> Result<(Party, Option<String>), Error> {
    let profile = profile::read(tx, scope, tenant).await?;
    let mut party = profile.party;
    if let Some(row) = store::tenants::get(tx, scope, tenant).await? {
        if party.name.is_empty() {
            row.name.clone_into(&mut party.name);
        }
        if party.country.is_none() {
            party.country = crate::eligibility::Terms::of(&row)?.country;
        }
    }
    Ok((party, profile.exemption))
}

pub(super) fn too_much() -> Error {
    Error::internal("an invoice is beyond what an amount can be")
}

/// The currency of a text that was one when it was written.
pub(super) fn currency(code: &str) -> Result<Currency, Error> {
    code.parse().map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::f_percent;

    #[test]
    fn a_rate_is_written_without_needless_digits() {
        let written: Vec<_> = [0, 2_500, 2_550, 770, 805].into_iter().map(f_percent).collect();
        assert_eq!(written, ["0 %", "25 %", "25.5 %", "7.7 %", "8.05 %"]);
    }
}
