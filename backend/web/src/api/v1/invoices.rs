//! Invoices and credit notes, for the tenant that they are made out to and for the operator.

use super::{Listing, Operator, PageParams, billing::PartyBody, created, ok, tenants::tenant_id};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post,
    web::{Data, Path},
};
use app::{
    App,
    invoices::{self, CreditOrder, Filter, Format, InvoiceView},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{InvoiceLine, State},
    money::Money,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_invoices).service(get_invoice_pdf).service(get_invoice_csv).service(get_invoice);
    routes.service(list_all_invoices).service(issue_invoice).service(pay_invoice).service(write_off_invoice);
    routes.service(credit_invoice).service(close_period);
}

/// The tax of an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvoiceTax)]
pub(crate) struct TaxBody {
    /// `taxed`, `reverseCharge`, `exempt`, `outOfScope` or `none`.
    treatment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// What it is called.
    name: String,
    /// Hundredths of a percent.
    basis_points: u32,
    /// What the invoice says about it.
    note: String,
}

/// A line: charges of the same number, destination and version of prices. It is a sum of charges that were rounded one by
/// one when they were made; nothing is rounded here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvoiceLine)]
pub(crate) struct LineBody {
    /// `setup`, `lease`, `outbound`, `inbound`, `app`, `trunk`, `usage` or `reversal`.
    subject: &'static str,
    /// The tenant's number; empty where there is none.
    number: String,
    description: String,
    rate_version: String,
    /// How many charges: calls, months, fees.
    quantity: u64,
    billed_ms: u64,
    #[schema(value_type = Amount)]
    amount: Money,
}

/// An invoice or a credit note. Its lines sum to `charges`; with tax (where prices have none in them) and rounding they
/// make the total.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invoice {
    id: Uuid,
    tenant: Uuid,
    /// `invoice` or `creditNote`.
    kind: &'static str,
    /// Such as `INV-000042`; `draft` before it is issued.
    number: String,
    /// `draft`, `open`, `paid`, `overdue` or `writtenOff`.
    state: &'static str,
    starts_at: DateTime<Utc>,
    /// Not in the period any more.
    ends_at: DateTime<Utc>,
    #[schema(value_type = Amount)]
    charges: Money,
    /// The charges without tax.
    #[schema(value_type = Amount)]
    net: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<TaxBody>,
    #[schema(value_type = Amount)]
    tax_amount: Money,
    /// Whether the tax is among the charges.
    tax_included: bool,
    /// What makes the total payable in the currency.
    #[schema(value_type = Amount)]
    rounding: Money,
    #[schema(value_type = Amount)]
    total: Money,
    /// What of it is not paid.
    #[schema(value_type = Amount)]
    open: Money,
    issued_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    /// When it was paid or written off.
    settled_at: Option<DateTime<Utc>>,
    /// Reminders sent.
    reminders: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller: Option<PartyBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer: Option<PartyBody>,
    note: String,
    /// Of a credit note: the invoice that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits_invoice_id: Option<Uuid>,
    /// Of one invoice alone, not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineBody>>,
}

impl From<InvoiceView> for Invoice {
    fn from(view: InvoiceView) -> Self {
        let currency = view.total.currency;
        let line = |line: InvoiceLine| LineBody {
            subject: line.key.subject.word(),
            number: line.key.number,
            description: line.key.description,
            rate_version: line.key.rate_version,
            quantity: line.quantity,
            billed_ms: line.billed_ms,
            amount: Money::new(line.amount_micros, currency),
        };
        Self {
            id: view.id,
            tenant: view.tenant.0,
            kind: view.kind.word(),
            state: view.state.word(),
            starts_at: view.starts_at,
            ends_at: view.ends_at,
            charges: view.charges,
            net: view.net(),
            tax: view.tax.map(|tax| TaxBody {
                treatment: tax.treatment.word(),
                country: tax.country,
                name: tax.name,
                basis_points: tax.basis_points,
                note: tax.note,
            }),
            tax_amount: view.tax_amount,
            tax_included: view.tax_included,
            rounding: view.rounding,
            total: view.total,
            open: view.open,
            issued_at: view.issued_at,
            due_at: view.due_at,
            settled_at: view.settled_at,
            reminders: view.reminders,
            seller: view.seller.map(PartyBody::from),
            buyer: view.buyer.map(PartyBody::from),
            note: view.note,
            credits_invoice_id: view.credits,
            number: view.number,
            lines: view.lines.map(|lines| lines.into_iter().map(line).collect()),
        }
    }
}

/// Which invoices.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct InvoiceParams {
    /// `draft`, `open`, `paid`, `overdue` or `writtenOff`.
    state: Option<String>,
    /// Of this tenant; for operators.
    tenant: Option<String>,
}

impl InvoiceParams {
    fn filter(&self) -> Result<Filter, ApiError> {
        let state = self.state.as_deref().map(|word| {
            let words = State::ALL.map(State::word).join(", ");
            let unknown = || ApiError::invalid("state", format!("{word:?} is no state: give one of {words}"));
            State::from_word(word).ok_or_else(unknown)
        });
        let tenant = self.tenant.as_deref().map(tenant_id);
        Ok(Filter { state: state.transpose()?, tenant: tenant.transpose()? })
    }
}

/// The tenant's invoices and credit notes, newest first.
#[utoipa::path(tag = "money", params(PageParams, ("state" = Option<String>, Query)), responses((status = 200, body = Listing<Invoice>)))]
#[get("/api/v1/invoices")]
pub(crate) async fn list_invoices(
    app: Data<App>,
    caller: Caller,
    page: Params<PageParams>,
    which: Params<InvoiceParams>,
    request: HttpRequest,
) -> ApiResult {
    let filter = Filter { tenant: None, ..which.0.filter()? };
    let found = invoices::list(&app, &caller, filter, &page.0.request()?).await?;
    ok(&Listing::<Invoice>::of_page(found, &request))
}

/// An invoice with its lines.
#[utoipa::path(tag = "money", responses((status = 200, body = Invoice)))]
#[get("/api/v1/invoices/{id}")]
pub(crate) async fn get_invoice(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    ok(&Invoice::from(invoices::get(&app, &caller, invoice_id(&id)?).await?))
}

/// An invoice as a PDF.
#[utoipa::path(tag = "money", params(("id" = String, Path)), responses((status = 200, content_type = "application/pdf", body = Vec<u8>)))]
#[get("/api/v1/invoices/{id}.pdf")]
pub(crate) async fn get_invoice_pdf(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    file(&app, &caller, &id, Format::Pdf).await
}

/// An invoice as a table: its lines, then tax and rounding. The amounts sum to the total.
#[utoipa::path(tag = "money", params(("id" = String, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
#[get("/api/v1/invoices/{id}.csv")]
pub(crate) async fn get_invoice_csv(app: Data<App>, caller: Caller, id: Path<String>) -> ApiResult {
    file(&app, &caller, &id, Format::Csv).await
}

async fn file(app: &App, caller: &Caller, id: &str, format: Format) -> ApiResult {
    let (invoice, bytes) = invoices::file(app, caller, invoice_id(id)?, format).await?;
    Ok(answer(&invoice, format, bytes))
}

/// A file that a browser saves under the invoice's number.
pub(crate) fn answer(invoice: &InvoiceView, format: Format, bytes: Vec<u8>) -> HttpResponse {
    let name = format!("attachment; filename=\"{}.{}\"", invoice.number, format.extension());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(bytes)
}

/// All invoices, newest first.
#[utoipa::path(tag = "operator", params(PageParams, InvoiceParams), responses((status = 200, body = Listing<Invoice>)))]
#[get("/api/v1/operator/invoices")]
pub(crate) async fn list_all_invoices(
    app: Data<App>,
    operator: Operator,
    page: Params<PageParams>,
    which: Params<InvoiceParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = invoices::list(&app, &operator, which.0.filter()?, &page.0.request()?).await?;
    ok(&Listing::<Invoice>::of_page(found, &request))
}

/// Issues a draft: it gets its number, and is to be paid.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), responses((status = 200, body = Invoice)))]
#[post("/api/v1/operator/invoices/{id}:issue")]
pub(crate) async fn issue_invoice(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Invoice::from(invoices::issue(&app, &operator, invoice_id(&id)?).await?))
}

/// Says that an invoice was paid outside of the platform: what is open of it is paid into the balance.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), responses((status = 200, body = Invoice)))]
#[post("/api/v1/operator/invoices/{id}:pay")]
pub(crate) async fn pay_invoice(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Invoice::from(invoices::pay(&app, &operator, invoice_id(&id)?).await?))
}

/// Gives up on what is open of an invoice.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), responses((status = 200, body = Invoice)))]
#[post("/api/v1/operator/invoices/{id}:writeOff")]
pub(crate) async fn write_off_invoice(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    ok(&Invoice::from(invoices::write_off(&app, &operator, invoice_id(&id)?).await?))
}

/// What is given back of an invoice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvoiceCredit)]
pub(crate) struct CreditBody {
    /// Of its charges, in its currency; the tax comes on top. All that is left where it is left out.
    #[schema(value_type = Option<Amount>)]
    amount: Option<Money>,
    /// It stands on the credit note.
    reason: String,
}

/// Makes a credit note about an invoice, and gives the money back to the balance.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), request_body = CreditBody, responses((status = 201, body = Invoice)))]
#[post("/api/v1/operator/invoices/{id}:credit")]
pub(crate) async fn credit_invoice(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<CreditBody>,
) -> ApiResult {
    let id = invoice_id(&id)?;
    let CreditBody { amount, reason } = body.0;
    if let Some(amount) = amount {
        let currency = invoices::get(&app, &operator, id).await?.total.currency;
        if amount.currency != currency {
            return Err(ApiError::invalid("amount.currency", format!("the invoice is in {currency}")));
        }
    }
    let order = CreditOrder { charges_micros: amount.map(|amount| amount.micros), reason };
    let note = Invoice::from(invoices::credit(&app, &operator, id, &order).await?);
    Ok(created(&format!("/api/v1/invoices/{}", note.id), &note))
}

/// What was closed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedPeriod {
    /// The document about it; null where nothing was charged.
    invoice_id: Option<Uuid>,
}

/// Closes what a tenant was charged until now, before its month is over: the last invoice of who leaves. What was charged
/// in the last seconds is for the next.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), responses((status = 200, body = ClosedPeriod)))]
#[post("/api/v1/operator/tenants/{id}:closePeriod")]
pub(crate) async fn close_period(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    let invoice_id = invoices::close_now(&app, &operator, tenant_id(&id)?).await?;
    ok(&ClosedPeriod { invoice_id })
}

fn invoice_id(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no invoice {text:?}")).at("id"))
}
