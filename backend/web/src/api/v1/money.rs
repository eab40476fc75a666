//! Balance and ledger.

use super::{Listing, Operator, PageParams, created, ok, tenants::tenant_id};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params},
};
use actix_web::{
    HttpRequest, get, post,
    web::{Data, Path},
};
use app::money::{self, BalanceView, DriftView, EntryView};
use chrono::{DateTime, Utc};
use domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_balance).service(list_ledger);
    routes.service(list_tenant_ledger).service(reverse_entry).service(get_drift);
}

/// What the tenant has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    /// The sum of the ledger.
    #[schema(value_type = Amount)]
    balance: Money,
    /// Set aside for calls that are up and orders under way.
    #[schema(value_type = Amount)]
    held: Money,
    /// What can be spent.
    #[schema(value_type = Amount)]
    available: Money,
    /// How far below zero the balance may go.
    #[schema(value_type = Amount)]
    credit_limit: Money,
    /// The most that what is under way can still cost.
    #[schema(value_type = Amount)]
    exposure: Money,
}

impl From<BalanceView> for Balance {
    fn from(view: BalanceView) -> Self {
        Self {
            balance: view.balance,
            held: view.held,
            available: view.available,
            credit_limit: view.credit_limit,
            exposure: view.exposure,
        }
    }
}

/// What the tenant has.
#[utoipa::path(tag = "money", responses((status = 200, body = Balance)))]
#[get("/api/v1/balance")]
pub(crate) async fn get_balance(app: Data<app::App>, caller: Caller) -> ApiResult {
    ok(&Balance::from(money::balance(&app, &caller).await?))
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerEntry {
    id: Uuid,
    at: DateTime<Utc>,
    /// `topUp`, `credit`, `setup`, `lease`, `usage`, `tax`, `refund` or `reversal`.
    kind: &'static str,
    /// Negative for debits.
    #[schema(value_type = Amount)]
    amount: Money,
    #[schema(value_type = Amount)]
    balance_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<Uuid>,
    /// What it is for, in words; not of calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The entry that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<Uuid>,
    /// The entry that took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_by: Option<Uuid>,
}

impl From<EntryView> for LedgerEntry {
    fn from(entry: EntryView) -> Self {
        Self {
            id: entry.id.0,
            at: entry.at,
            kind: entry.kind.word(),
            amount: entry.amount,
            balance_after: entry.balance_after,
            call_id: entry.call_id.map(|id| id.0),
            number_id: entry.number_id.map(|id| id.0),
            invoice_id: entry.invoice_id,
            description: entry.description,
            reverses: entry.reverses.map(|id| id.0),
            reversed_by: entry.reversed_by.map(|id| id.0),
        }
    }
}

/// The tenant's ledger, newest first.
#[utoipa::path(tag = "money", params(PageParams), responses((status = 200, body = Listing<LedgerEntry>)))]
#[get("/api/v1/ledger")]
pub(crate) async fn list_ledger(
    app: Data<app::App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = money::ledger(&app, &caller, &page.0.request()?).await?;
    ok(&Listing::<LedgerEntry>::of_page(page, &request))
}

/// A tenant's ledger, newest first.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<LedgerEntry>)))]
#[get("/api/v1/operator/tenants/{id}/ledger")]
pub(crate) async fn list_tenant_ledger(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = money::ledger_of(&app, &operator, tenant_id(&id)?, &page.0.request()?).await?;
    ok(&Listing::<LedgerEntry>::of_page(page, &request))
}

/// Why something is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReversalReason {
    /// It stands in the ledger, and on the next invoice.
    reason: String,
}

/// Takes an entry back by its opposite: once. Nothing in the ledger is ever edited.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), request_body = ReversalReason, responses((status = 201, body = LedgerEntry)))]
#[post("/api/v1/operator/ledger/{id}:reverse")]
pub(crate) async fn reverse_entry(
    app: Data<app::App>,
    operator: Operator,
    id: Path<String>,
    body: Body<ReversalReason>,
) -> ApiResult {
    let missing = |_| ApiError::not_found("there is no such entry").at("id");
    let entry = money::reverse(&app, &operator, id.parse().map_err(missing)?, &body.0.reason).await?;
    Ok(created("/api/v1/ledger", &LedgerEntry::from(entry)))
}

/// What does not add up between call records, ledger, accounts, holds and invoices. All figures are zero on a sound
/// database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drift {
    at: DateTime<Utc>,
    /// All of it in one figure.
    figure: i64,
    unbalanced_journals: i64,
    balance_micros: i64,
    held_micros: i64,
    calls_micros: i64,
    stray_holds: i64,
    /// Closed periods, invoices, their lines, and what was posted for them.
    invoices_micros: i64,
    /// Numbers of invoices that are missing.
    number_gaps: i64,
}

impl From<DriftView> for Drift {
    fn from(view: DriftView) -> Self {
        Self {
            at: view.at,
            figure: view.figure,
            unbalanced_journals: view.unbalanced_journals,
            balance_micros: view.balance_micros,
            held_micros: view.held_micros,
            calls_micros: view.calls_micros,
            stray_holds: view.stray_holds,
            invoices_micros: view.invoices_micros,
            number_gaps: view.number_gaps,
        }
    }
}

/// Counts what does not add up, now.
#[utoipa::path(tag = "operator", responses((status = 200, body = Drift)))]
#[get("/api/v1/operator/drift")]
pub(crate) async fn get_drift(app: Data<app::App>, operator: Operator) -> ApiResult {
    ok(&Drift::from(money::drift(&app, &operator).await?))
}
