//! The operator's invoices, and what it does to them; a tenant's ledger.

use super::{InvoicePart, InvoiceRow, ROWS, invoices::read_format, tenant::EntryRow};
use crate::{
    api::v1::invoice_file,
    portal::{
        amounts::amount,
        error,
        page::{Done, Place, Shell},
        posted::{Nothing, Posted},
        visit::{Operator, PageResult},
    },
};
use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use app::{
    App, PageRequest,
    invoices::{self, CreditOrder, Filter, InvoiceView},
    money,
};
use askama::Template;
use domain::{billing::State, ids::TenantId};
use serde::Deserialize;
use uuid::Uuid;

const PAGE: &str = "/operator/invoices";

pub(super) fn mount(pages: &mut ServiceConfig) {
    pages.service(show).service(one).service(file).service(act).service(credit);
    pages.service(ledger).service(reverse).service(close);
}

#[derive(Template)]
#[template(path = "operator/invoices.html")]
struct InvoicesPage {
    shell: Shell,
    invoices: Vec<InvoiceRow>,
    states: Vec<(&'static str, bool)>,
    next: Option<String>,
    next_label: &'static str,
}

#[derive(Template)]
#[template(path = "operator/invoice.html")]
struct InvoicePage {
    shell: Shell,
    invoice: InvoicePart,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "operator/ledger.html")]
struct LedgerPage {
    shell: Shell,
    tenant: String,
    tenant_id: String,
    entries: Vec<EntryRow>,
    next: Option<String>,
    next_label: &'static str,
    error: Option<String>,
}

/// Which invoices.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    after: Option<String>,
    state: String,
}

/// How much is given back, and why.
#[derive(Debug, Deserialize)]
struct CreditForm {
    #[serde(default)]
    amount: String,
    reason: String,
}

/// Why an entry is taken back.
#[derive(Debug, Deserialize)]
struct ReasonForm {
    entry: String,
    reason: String,
}

fn name(app: &App, tenant: TenantId) -> String {
    app.live().tenant(tenant).map_or_else(|| tenant.to_string(), |tenant| tenant.slug().to_owned())
}

fn part(app: &App, view: InvoiceView) -> InvoicePart {
    let tenant = name(app, view.tenant);
    InvoicePart::of(view, tenant)
}

#[get("/operator/invoices")]
async fn show(app: Data<App>, operator: Operator, which: Query<Which>) -> PageResult {
    let Which { after, state } = which.into_inner();
    let wanted = State::from_word(&state);
    let filter = Filter { tenant: None, state: wanted };
    let found = invoices::list(&app, &operator.actor, filter, &PageRequest { after, size: ROWS }).await?;
    let row = |view: &InvoiceView| InvoiceRow::of(view, name(&app, view.tenant));
    let query = wanted.map(|state| format!("&state={}", state.word())).unwrap_or_default();
    operator.page(&InvoicesPage {
        shell: operator.shell(Place::Billing),
        invoices: found.value.iter().map(row).collect(),
        states: State::ALL.map(|state| (state.word(), Some(state) == wanted)).into(),
        next: found.next.map(|after| format!("{PAGE}?after={after}{query}")),
        next_label: "Older invoices",
    })
}

#[get("/operator/invoices/{id}")]
async fn one(app: Data<App>, operator: Operator, id: Path<Uuid>) -> PageResult {
    let view = invoices::get(&app, &operator.actor, id.into_inner()).await?;
    operator.page(&InvoicePage {
        shell: operator.shell(Place::Billing),
        invoice: part(&app, view),
        error: None,
    })
}

#[get("/operator/invoices/{id}/file.{format}")]
async fn file(app: Data<App>, operator: Operator, path: Path<(Uuid, String)>) -> PageResult {
    let (id, format) = path.into_inner();
    let format = read_format(&format)?;
    let (view, bytes) = invoices::file(&app, &operator.actor, id, format).await?;
    Ok(invoice_file(&view, format, bytes))
}

#[post("/operator/invoices/{id}/{action}")]
async fn act(
    app: Data<App>,
    operator: Operator,
    path: Path<(Uuid, String)>,
    _form: Posted<Nothing>,
) -> PageResult {
    let (id, action) = path.into_inner();
    let done = match action.as_str() {
        "issue" => invoices::issue(&app, &operator.actor, id).await,
        "pay" => invoices::pay(&app, &operator.actor, id).await,
        "write-off" => invoices::write_off(&app, &operator.actor, id).await,
        _ => return Err(error::PageError::NotFound),
    };
    finish(&app, &operator, id, done).await
}

#[post("/operator/invoices/{id}/give/credit")]
async fn credit(app: Data<App>, operator: Operator, id: Path<Uuid>, form: Posted<CreditForm>) -> PageResult {
    let id = id.into_inner();
    let done = match amount("amount", &form.0.amount) {
        Ok(charges_micros) => {
            let order = CreditOrder { charges_micros, reason: form.0.reason };
            invoices::credit(&app, &operator.actor, id, &order).await
        }
        Err(error) => Err(error),
    };
    finish(&app, &operator, id, done).await
}

async fn finish(
    app: &App,
    operator: &Operator,
    id: Uuid,
    done: Result<InvoiceView, app::Error>,
) -> PageResult {
    match done {
        Ok(view) => Ok(operator.go_saying(&format!("{PAGE}/{}", view.id), Done::InvoiceChanged)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let invoice = part(app, invoices::get(app, &operator.actor, id).await?);
            let page = InvoicePage { shell: operator.shell(Place::Billing), invoice, error: Some(text) };
            operator.page_with(status, &page)
        }
    }
}

#[get("/operator/tenants/{id}/ledger")]
async fn ledger(app: Data<App>, operator: Operator, id: Path<Uuid>, which: Query<Which>) -> PageResult {
    let page = ledger_page(&app, &operator, TenantId(*id), which.into_inner().after).await?;
    operator.page(&page)
}

#[post("/operator/tenants/{id}/ledger/reverse")]
async fn reverse(app: Data<App>, operator: Operator, id: Path<Uuid>, form: Posted<ReasonForm>) -> PageResult {
    let entry = form.0.entry.trim().parse().map_err(|_| app::Error::invalid("entry", "choose an entry"));
    let done = match entry {
        Ok(entry) => money::reverse(&app, &operator.actor, entry, &form.0.reason).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(operator.go_saying(&format!("/operator/tenants/{id}/ledger"), Done::EntryReversed)),
        Err(failed) => {
            let (status, text) = error::of_form(failed)?;
            let page = ledger_page(&app, &operator, TenantId(*id), None).await?;
            operator.page_with(status, &LedgerPage { error: Some(text), ..page })
        }
    }
}

#[post("/operator/tenants/{id}/close")]
async fn close(app: Data<App>, operator: Operator, id: Path<Uuid>, _form: Posted<Nothing>) -> PageResult {
    let to = match invoices::close_now(&app, &operator.actor, TenantId(*id)).await? {
        Some(invoice) => format!("{PAGE}/{invoice}"),
        None => format!("/operator/tenants/{id}/ledger"),
    };
    Ok(operator.go_saying(&to, Done::PeriodClosed))
}

async fn ledger_page(
    app: &App,
    operator: &Operator,
    tenant: TenantId,
    after: Option<String>,
) -> Result<LedgerPage, app::Error> {
    let found = money::ledger_of(app, &operator.actor, tenant, &PageRequest { after, size: ROWS }).await?;
    Ok(LedgerPage {
        shell: operator.shell(Place::Billing),
        tenant: name(app, tenant),
        tenant_id: tenant.to_string(),
        entries: found.value.into_iter().map(EntryRow::from).collect(),
        next: found.next.map(|after| format!("/operator/tenants/{tenant}/ledger?after={after}")),
        next_label: "Older entries",
        error: None,
    })
}
