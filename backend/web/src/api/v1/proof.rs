//! Calls are rated again from what was recorded of them.

use super::{Operator, ok, tenants::tenant_id};
use crate::{
    api::schema::Amount,
    error::{ApiError, ApiResult},
    extract::Body,
};
use actix_web::{
    post,
    web::{Data, Path},
};
use app::{
    App,
    proof::{self, Period, RatedAgain},
};
use chrono::{DateTime, Utc};
use domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(rerate_call).service(rerate_period);
}

/// A call, rated again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RatedCall {
    call_id: Uuid,
    /// Whether record, ledger and rating say the same.
    agrees: bool,
    /// What its record says.
    #[schema(value_type = Amount)]
    recorded: Money,
    /// What the ledger says.
    #[schema(value_type = Amount)]
    posted: Money,
    /// What rating it again says.
    #[schema(value_type = Amount)]
    rated: Money,
}

impl From<RatedAgain> for RatedCall {
    fn from(call: RatedAgain) -> Self {
        Self {
            call_id: call.call.0,
            agrees: call.agrees(),
            recorded: call.recorded,
            posted: call.posted,
            rated: call.rated,
        }
    }
}

/// Rates an ended call again from its recorded quote and duration, and compares it with its record and the ledger.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), responses((status = 200, body = RatedCall)))]
#[post("/api/v1/operator/calls/{id}:rerate")]
pub(crate) async fn rerate_call(app: Data<App>, operator: Operator, id: Path<String>) -> ApiResult {
    let missing = |_| ApiError::not_found("there is no such call").at("id");
    let rated = proof::rerate_call(&app, &operator, id.parse().map_err(missing)?).await?;
    ok(&RatedCall::from(rated))
}

/// Which calls: those that began in it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatedPeriod {
    since: DateTime<Utc>,
    /// Not in it any more.
    until: DateTime<Utc>,
}

/// What rating the calls of a period again says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rerating {
    calls: u64,
    /// Whether these are all of the period: 200,000 are rated at once.
    complete: bool,
    #[schema(value_type = Amount)]
    recorded: Money,
    #[schema(value_type = Amount)]
    posted: Money,
    #[schema(value_type = Amount)]
    rated: Money,
    /// How many differ.
    differing: u64,
    /// Up to 100 that differ.
    differences: Vec<RatedCall>,
}

/// Rates the ended calls of a tenant's period again, and compares them with their records and the ledger.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), request_body = RatedPeriod, responses((status = 200, body = Rerating)))]
#[post("/api/v1/operator/tenants/{id}:rerate")]
pub(crate) async fn rerate_period(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<RatedPeriod>,
) -> ApiResult {
    let RatedPeriod { since, until } = body.0;
    let period = Period { tenant: tenant_id(&id)?, since, until };
    let done = proof::rerate_period(&app, &operator, period).await?;
    ok(&Rerating {
        calls: done.calls,
        complete: done.complete,
        recorded: done.recorded,
        posted: done.posted,
        rated: done.rated,
        differing: done.differing,
        differences: done.differences.into_iter().map(RatedCall::from).collect(),
    })
}
