//! Automatic top-ups: the tenant's rule, the operator's payment system, and what was asked of it.

use super::{Listing, Operator, PageParams, ok};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params, Patch},
};
use actix_web::{
    HttpRequest, get, patch, post, put,
    web::{Data, Path},
};
use app::{
    App,
    topups::{self, Hook, HookChanged, HookView, Rule, RuleView, Settlement, TopUpView},
};
use chrono::{DateTime, Utc};
use domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_top_up_rule).service(put_top_up_rule).service(list_top_ups);
    routes.service(rotate_top_up_secret).service(get_top_up_hook).service(update_top_up_hook);
    routes.service(list_all_top_ups).service(settle_top_up);
}

/// When the tenant's account is topped up, and by how much.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewTopUpRule)]
pub(crate) struct NewRule {
    /// Whether it is on.
    enabled: bool,
    /// Below this much available money.
    #[schema(value_type = Amount)]
    threshold: Money,
    /// By this much.
    #[schema(value_type = Amount)]
    amount: Money,
    /// Top-ups in 24 hours at most.
    #[schema(minimum = 1, maximum = 24)]
    daily_count: u32,
    /// What they come to in 24 hours at most; `null` or left out for no bound beside the count.
    #[schema(value_type = Option<Amount>)]
    daily_amount: Option<Money>,
}

/// When the tenant's account is topped up, and by how much.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopUpRule)]
pub(crate) struct RuleBody {
    enabled: bool,
    /// Below this much available money.
    #[schema(value_type = Amount)]
    threshold: Money,
    /// By this much.
    #[schema(value_type = Amount)]
    amount: Money,
    /// Top-ups in 24 hours at most.
    daily_count: u32,
    /// What they come to in 24 hours at most.
    #[schema(value_type = Option<Amount>)]
    daily_amount: Option<Money>,
    /// Whether the operator tops up automatically at all: while it does not, a rule rests.
    is_offered: bool,
}

impl From<RuleView> for RuleBody {
    fn from(view: RuleView) -> Self {
        let Rule { enabled, threshold, amount, daily_count, daily_amount } = view.rule;
        Self { enabled, threshold, amount, daily_count, daily_amount, is_offered: view.is_offered }
    }
}

/// The tenant's rule; one that is off where none was set.
#[utoipa::path(tag = "money", responses((status = 200, body = RuleBody)))]
#[get("/api/v1/topUpRule")]
pub(crate) async fn get_top_up_rule(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&RuleBody::from(topups::rule(&app, &caller).await?))
}

/// Sets the tenant's rule. Each time that the available money falls below the threshold, the payment system is asked once for the
/// amount; after a refusal it is not asked for an hour.
#[utoipa::path(tag = "money", request_body = NewRule, responses((status = 200, body = RuleBody)))]
#[put("/api/v1/topUpRule")]
pub(crate) async fn put_top_up_rule(app: Data<App>, caller: Caller, body: Body<NewRule>) -> ApiResult {
    let NewRule { enabled, threshold, amount, daily_count, daily_amount } = body.0;
    let rule = Rule { enabled, threshold, amount, daily_count, daily_amount };
    ok(&RuleBody::from(topups::put_rule(&app, &caller, rule).await?))
}

/// An automatic top-up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopUp)]
pub(crate) struct TopUpBody {
    id: Uuid,
    tenant_id: Uuid,
    #[schema(value_type = Amount)]
    amount: Money,
    /// `requested`, `pending`, `paid`, `refused` or `failed`.
    state: &'static str,
    /// How often the payment system was asked.
    attempts: u32,
    /// When it is asked next, or when a pending one is given up.
    next_at: Option<DateTime<Utc>>,
    /// What the payment system calls it.
    reference: Option<String>,
    /// Why it was refused or given up, or what came of the last post.
    problem: Option<String>,
    created_at: DateTime<Utc>,
    /// When it was paid, refused or given up.
    ended_at: Option<DateTime<Utc>>,
}

impl From<TopUpView> for TopUpBody {
    fn from(view: TopUpView) -> Self {
        Self {
            id: view.id,
            tenant_id: view.tenant.0,
            amount: view.amount,
            state: view.state.word(),
            attempts: view.attempts,
            next_at: view.next_at,
            reference: view.reference,
            problem: view.problem,
            created_at: view.created_at,
            ended_at: view.ended_at,
        }
    }
}

/// The tenant's automatic top-ups, newest first.
#[utoipa::path(tag = "money", params(PageParams), responses((status = 200, body = Listing<TopUpBody>)))]
#[get("/api/v1/topUps")]
pub(crate) async fn list_top_ups(
    app: Data<App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = topups::list(&app, &caller, &page.0.request()?).await?;
    ok(&Listing::<TopUpBody>::of_page(page, &request))
}

/// The automatic top-ups of all tenants, newest first.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = Listing<TopUpBody>)))]
#[get("/api/v1/operator/topUps")]
pub(crate) async fn list_all_top_ups(
    app: Data<App>,
    operator: Operator,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let page = topups::all(&app, &operator, &page.0.request()?).await?;
    ok(&Listing::<TopUpBody>::of_page(page, &request))
}

/// Where the payment system is asked.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = TopUpHookChange)]
pub(crate) struct HookChange {
    /// Its address; empty for none. Private hosts and plain http are refused as for webhooks.
    url: String,
    /// Whether it is asked.
    enabled: bool,
}

/// Where the payment system is asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopUpHook)]
pub(crate) struct HookBody {
    url: String,
    enabled: bool,
    has_secret: bool,
    /// Until when the secret before this one signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<DateTime<Utc>>,
    /// What signs the posts, as Standard Webhooks says it; of a new secret alone, this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<HookView> for HookBody {
    fn from(view: HookView) -> Self {
        Self {
            url: view.hook.url,
            enabled: view.hook.enabled,
            has_secret: view.has_secret,
            previous_secret_until: view.previous_until,
            secret: None,
        }
    }
}

impl From<HookChanged> for HookBody {
    fn from(changed: HookChanged) -> Self {
        Self { secret: changed.secret, ..Self::from(changed.view) }
    }
}

/// Where the payment system is asked for automatic top-ups.
#[utoipa::path(tag = "operator", responses((status = 200, body = HookBody)))]
#[get("/api/v1/operator/topUpHook")]
pub(crate) async fn get_top_up_hook(app: Data<App>, operator: Operator) -> ApiResult {
    ok(&HookBody::from(topups::hook(&app, &operator).await?))
}

/// Says where the payment system is asked; what is left out stays. The first address gets a secret, shown this once. It is sent
/// `{"id", "tenantId", "tenant", "amount", "reason"}`, signed as webhooks are, with `Idempotency-Key: <id>`: the same id is the
/// same top-up, however often it comes. It answers `{"state": "paid" | "refused" | "pending", "reference", "reason"}`.
#[utoipa::path(tag = "operator", request_body(content = HookChange, content_type = "application/merge-patch+json"),
    responses((status = 200, body = HookBody)))]
#[patch("/api/v1/operator/topUpHook")]
pub(crate) async fn update_top_up_hook(
    app: Data<App>,
    operator: Operator,
    body: Patch<HookChange>,
) -> ApiResult {
    let now = topups::hook(&app, &operator).await?.hook;
    let HookChange { url, enabled } = body.apply(&HookChange { url: now.url, enabled: now.enabled })?;
    ok(&HookBody::from(topups::change_hook(&app, &operator, Hook { url, enabled }).await?))
}

/// Gives the hook a new secret, shown this once. The one before it signs beside it for a day.
#[utoipa::path(tag = "operator", responses((status = 200, body = HookBody)))]
#[post("/api/v1/operator/topUpHook:rotateSecret")]
pub(crate) async fn rotate_top_up_secret(app: Data<App>, operator: Operator) -> ApiResult {
    ok(&HookBody::from(topups::rotate_secret(&app, &operator).await?))
}

/// How a top-up ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopUpOutcome)]
pub(crate) enum Outcome {
    Paid,
    Refused,
}

/// What the payment system says of a top-up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TopUpSettlement)]
pub(crate) struct SettlementBody {
    #[schema(inline)]
    state: Outcome,
    /// What the payment system calls it.
    reference: Option<String>,
    /// Why it was refused; the tenant reads it.
    reason: Option<String>,
}

/// Says how a top-up ended: what is paid is in the ledger then, once, however often it is said. One that was given up here may
/// still be paid.
#[utoipa::path(tag = "operator", params(("id" = String, Path)), request_body = SettlementBody, responses((status = 200, body = TopUpBody)))]
#[post("/api/v1/operator/topUps/{id}:settle")]
pub(crate) async fn settle_top_up(
    app: Data<App>,
    operator: Operator,
    id: Path<String>,
    body: Body<SettlementBody>,
) -> ApiResult {
    let missing = |_| ApiError::not_found("there is no such top-up").at("id");
    let SettlementBody { state, reference, reason } = body.0;
    let said = Settlement { is_paid: state == Outcome::Paid, reference, reason };
    ok(&TopUpBody::from(topups::settle(&app, &operator, id.parse().map_err(missing)?, said).await?))
}
