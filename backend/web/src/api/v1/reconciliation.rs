//! Carriers' bills beside our own records.

use super::{Operator, inventory::Csv, ok};
use crate::{
    api::schema::Amount,
    error::{ApiError, ApiResult},
    extract::Params,
};
use actix_web::{
    post,
    web::{Data, Path},
};
use app::{
    App,
    proof::{self, BillView},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::CallId,
    money::{Currency, Money},
    reconciliation::{BillRow, OurCall, Pair, Tolerance},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(reconcile_bill);
}

/// How far two may be apart that are the same.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ToleranceParams {
    /// Between the two times; 90 seconds where it is left out, 3,600 at most.
    time_seconds: Option<u32>,
    /// Between the two durations; 1,000 milliseconds where it is left out, 3,600,000 at most.
    duration_ms: Option<u32>,
    /// Between cost and price; 100 micro-units where it is left out.
    price_micros: Option<u32>,
}

impl ToleranceParams {
    fn tolerance(&self) -> Result<Tolerance, ApiError> {
        let usual = Tolerance::default();
        if self.time_seconds.is_some_and(|seconds| seconds > 3_600) {
            return Err(ApiError::invalid("timeSeconds", "timeSeconds: 0 to 3600"));
        }
        if self.duration_ms.is_some_and(|ms| ms > 3_600_000) {
            return Err(ApiError::invalid("durationMs", "durationMs: 0 to 3600000"));
        }
        Ok(Tolerance {
            time_ms: self.time_seconds.map_or(usual.time_ms, |seconds| i64::from(seconds) * 1_000),
            duration_ms: self.duration_ms.map_or(usual.duration_ms, i64::from),
            price_micros: self.price_micros.map_or(usual.price_micros, i64::from),
        })
    }
}

/// A call of ours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentCall {
    call_id: Uuid,
    to: String,
    answered_at: DateTime<Utc>,
    duration_ms: i64,
    /// What the carrier should ask for it; left out where no cost is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    cost: Option<Money>,
}

/// A row of the bill.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BillRow)]
pub(crate) struct RowBody {
    /// The line of the file.
    line: u64,
    to: String,
    at: DateTime<Utc>,
    duration_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    price: Option<Money>,
}

/// A call and a row that are the same and do not agree.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BillDifference {
    call: SentCall,
    row: RowBody,
    duration_differs: bool,
    price_differs: bool,
}

/// What a bill and our records say of each other.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconciliation {
    carrier: String,
    /// Rows that are calls of ours, and agree.
    matched: u64,
    /// What the bill asks for.
    #[schema(value_type = Amount)]
    billed: Money,
    /// What the calls on it should cost.
    #[schema(value_type = Amount)]
    expected: Money,
    /// Calls that are not on the bill.
    missing_count: u64,
    /// The first 200 of them.
    missing: Vec<SentCall>,
    /// Rows that are no call of ours.
    extra_count: u64,
    /// The first 200 of them.
    extra: Vec<RowBody>,
    /// Rows whose duration or price is another than ours.
    differing_count: u64,
    /// The first 200 of them.
    differing: Vec<BillDifference>,
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn call(call: OurCall<CallId>, currency: Currency) -> SentCall {
    SentCall {
        call_id: call.id.0,
        to: call.to,
        answered_at: moment(call.at_ms),
        duration_ms: call.duration_ms,
        cost: call.cost_micros.map(|micros| Money::new(micros, currency)),
    }
}

fn row(row: BillRow, currency: Currency) -> RowBody {
    RowBody {
        line: row.line,
        to: row.to,
        at: moment(row.at_ms),
        duration_ms: row.duration_ms,
        price: row.price_micros.map(|micros| Money::new(micros, currency)),
    }
}

impl From<BillView> for Reconciliation {
    fn from(view: BillView) -> Self {
        let currency = view.currency;
        let difference = |pair: Pair<CallId>| BillDifference {
            call: call(pair.call, currency),
            row: row(pair.row, currency),
            duration_differs: pair.duration_differs,
            price_differs: pair.price_differs,
        };
        Self {
            carrier: view.carrier,
            matched: view.matched,
            billed: view.billed,
            expected: view.expected,
            missing_count: view.missing_count,
            missing: view.missing.into_iter().map(|one| call(one, currency)).collect(),
            extra_count: view.extra_count,
            extra: view.extra.into_iter().map(|one| row(one, currency)).collect(),
            differing_count: view.differing_count,
            differing: view.differing.into_iter().map(difference).collect(),
        }
    }
}

/// Compares the bill of a carrier, as CSV of 50,000 rows at most, with the calls that were answered over it in the bill's
/// time. Columns are found by their heads: the called number, the time (UTC where it says no zone), the duration in
/// seconds, and the price where there is one, in the carrier's currency.
#[utoipa::path(tag = "operator", params(("id" = String, Path), ToleranceParams),
    request_body(content((String = "text/csv"))), responses((status = 200, body = Reconciliation)))]
#[post("/api/v1/operator/carriers/{id}:reconcile")]
pub(crate) async fn reconcile_bill(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    tolerance: Params<ToleranceParams>,
    csv: Csv,
) -> ApiResult {
    let missing = |_| ApiError::not_found("there is no such carrier").at("id");
    let id = id.parse().map_err(missing)?;
    let view = proof::reconcile_bill(&app, &operator, id, &csv.0, tolerance.0.tolerance()?).await?;
    ok(&Reconciliation::from(view))
}
