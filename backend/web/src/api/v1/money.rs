//! Balance and ledger.

use super::{Listing, PageParams, ok};
use crate::{api::schema::Amount, auth::Caller, error::ApiResult, extract::Params};
use actix_web::{HttpRequest, get, web::Data};
use app::money::{self, BalanceView, EntryView};
use chrono::{DateTime, Utc};
use domain::money::Money;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_balance).service(list_ledger);
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
