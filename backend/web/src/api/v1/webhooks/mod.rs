//! Webhooks: subscriptions to events, and their delivery logs.

mod deliveries;
mod operator;
mod view;

use super::{Listing, PageParams, created, ok};
use crate::{
    api::schema::Amount,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Body, Params, Patch},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, patch, post, put,
    web::{Data, Path},
};
use app::{
    App, events,
    webhooks::{self, DepthView},
};
use domain::{events::EventKind, money::Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use view::{Confirmed, Draft, EventType, NewWebhook, Subscription};

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    // Before the subscription itself, whose path would match it.
    routes.service(confirm_webhook).service(grant_webhook);
    routes.service(list_webhooks).service(create_webhook);
    routes.service(get_webhook).service(update_webhook).service(delete_webhook);
    routes.service(validate_webhook).service(rotate_webhook_secret).service(test_webhook);
    routes.service(list_event_types).service(get_balance_alert).service(set_balance_alert);
    deliveries::mount(routes);
    operator::mount(routes);
}

/// The id in a path; what is none is the id of nothing.
fn id(text: &str) -> Result<Uuid, ApiError> {
    let message = "there is no such webhook: it was never made here, or was deleted";
    text.parse().map_err(|_| ApiError::not_found(message).at("id"))
}

/// The tenant's webhooks, oldest first.
#[utoipa::path(tag = "webhooks", params(PageParams), responses((status = 200, body = Listing<Subscription>)))]
#[get("/api/v1/webhooks")]
pub(crate) async fn list_webhooks(
    app: Data<App>,
    caller: Caller,
    page: Params<PageParams>,
    request: HttpRequest,
) -> ApiResult {
    let found = webhooks::list(&app, &caller, &page.0.request()?).await?;
    let depths = DepthView::of_tenant(&app, &caller).await?;
    let found = app::Page {
        value: found.value.into_iter().map(|seen| Subscription::new(seen, &depths)).collect(),
        next: found.next,
    };
    ok(&Listing::<Subscription>::of_page(found, &request))
}

/// Subscribes to events. The endpoint is asked at once whether it wants them: with a SubscriptionValidationEvent, or with
/// OPTIONS where the schema is that of CloudEvents. Where it does not say so, somebody has ten minutes to open the address that
/// it was sent. The secret is shown this once.
#[utoipa::path(tag = "webhooks", request_body = Draft, responses((status = 201, body = NewWebhook)))]
#[post("/api/v1/webhooks")]
pub(crate) async fn create_webhook(app: Data<App>, caller: Caller, body: Body<Draft>) -> ApiResult {
    let made = webhooks::create(&app, &caller, body.0.read()?).await?;
    let location = format!("/api/v1/webhooks/{}", made.webhook.id);
    Ok(created(&location, &NewWebhook::from(made)))
}

/// A webhook.
#[utoipa::path(tag = "webhooks", responses((status = 200, body = Subscription)))]
#[get("/api/v1/webhooks/{id}")]
pub(crate) async fn get_webhook(app: Data<App>, caller: Caller, path: Path<String>) -> ApiResult {
    let seen = webhooks::get(&app, &caller, id(&path)?).await?;
    ok(&Subscription::new(seen, &DepthView::of_tenant(&app, &caller).await?))
}

/// Changes a webhook; what is left out stays. Another address or schema has to prove itself anew.
#[utoipa::path(tag = "webhooks", request_body(content = Draft, content_type = "application/merge-patch+json"),
    responses((status = 200, body = Subscription)))]
#[patch("/api/v1/webhooks/{id}")]
pub(crate) async fn update_webhook(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Patch<Draft>,
) -> ApiResult {
    let id = id(&path)?;
    let before = Draft::from(webhooks::get(&app, &caller, id).await?);
    let seen = webhooks::change(&app, &caller, id, body.apply(&before)?.read()?).await?;
    ok(&Subscription::new(seen, &DepthView::of_tenant(&app, &caller).await?))
}

/// Ends a webhook. What waits for it is not delivered any more, and its log goes with it.
#[utoipa::path(tag = "webhooks", responses((status = 204, description = "It is gone")))]
#[delete("/api/v1/webhooks/{id}")]
pub(crate) async fn delete_webhook(app: Data<App>, caller: Caller, path: Path<String>) -> ApiResult {
    webhooks::delete(&app, &caller, id(&path)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks the endpoint again whether it wants events.
#[utoipa::path(tag = "webhooks", responses((status = 200, body = Subscription)))]
#[post("/api/v1/webhooks/{id}:validate")]
pub(crate) async fn validate_webhook(app: Data<App>, caller: Caller, path: Path<String>) -> ApiResult {
    let seen = webhooks::validate(&app, &caller, id(&path)?).await?;
    ok(&Subscription::new(seen, &DepthView::of_tenant(&app, &caller).await?))
}

/// Gives the webhook a new secret, shown this once. The one before it signs beside it for a day.
#[utoipa::path(tag = "webhooks", responses((status = 200, body = NewWebhook)))]
#[post("/api/v1/webhooks/{id}:rotateSecret")]
pub(crate) async fn rotate_webhook_secret(app: Data<App>, caller: Caller, path: Path<String>) -> ApiResult {
    ok(&NewWebhook::from(webhooks::rotate_secret(&app, &caller, id(&path)?).await?))
}

/// Which sample to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"eventType": "Microsoft.Communication.IncomingCall"}))]
pub(crate) struct SampleOrder {
    /// The type of the event.
    event_type: String,
}

/// Sends a sample event, whose subject is `sample`. It is delivered, tried again and logged like any other.
#[utoipa::path(tag = "webhooks", request_body = SampleOrder, responses((status = 202, body = deliveries::Delivery)))]
#[post("/api/v1/webhooks/{id}:test")]
pub(crate) async fn test_webhook(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    body: Body<SampleOrder>,
) -> ApiResult {
    let kind = EventKind::from_type_name(&body.0.event_type)
        .ok_or_else(|| ApiError::invalid("eventType", "there are no such events: see /api/v1/eventTypes"))?;
    let sent = webhooks::sample(&app, &caller, id(&path)?, kind).await?;
    Ok(HttpResponse::Accepted().json(deliveries::Delivery::from(sent)))
}

/// The code of a validation.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Code {
    /// As it stands in the address that the endpoint was sent.
    #[serde(default)]
    code: String,
}

/// Says by hand that an endpoint wants events: the address that it was sent, opened within ten minutes. The code is the
/// credential.
#[utoipa::path(tag = "webhooks", security(()), params(Code), responses((status = 200, body = Confirmed)))]
#[get("/api/v1/webhooks/{id}:confirm")]
pub(crate) async fn confirm_webhook(app: Data<App>, path: Path<String>, code: Params<Code>) -> ApiResult {
    confirm(&app, &path, &code.0.code).await
}

/// The same, as CloudEvents' handshake does it.
#[utoipa::path(tag = "webhooks", security(()), params(Code), responses((status = 200, body = Confirmed)))]
#[post("/api/v1/webhooks/{id}:confirm")]
pub(crate) async fn grant_webhook(app: Data<App>, path: Path<String>, code: Params<Code>) -> ApiResult {
    confirm(&app, &path, &code.0.code).await
}

async fn confirm(app: &App, path: &str, code: &str) -> ApiResult {
    let seen = webhooks::confirm(app, id(path)?, code).await?;
    ok(&Confirmed { name: seen.name, validation: seen.validation.into() })
}

/// The types of events that there are, each with a sample of its data.
#[utoipa::path(tag = "webhooks", responses((status = 200, body = Listing<EventType>)))]
#[get("/api/v1/eventTypes")]
pub(crate) async fn list_event_types(_caller: Caller) -> ApiResult {
    ok(&Listing::whole(EventKind::ALL.into_iter().map(EventType::from).collect()))
}

/// The mark below which the balance is low.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"threshold": {"amountMicros": 5_000_000, "currency": "USD"}}))]
pub(crate) struct BalanceAlert {
    /// Dialtone.BalanceLow is told each time that the balance falls below it; null for never.
    #[schema(value_type = Option<Amount>)]
    threshold: Option<Money>,
}

/// The mark to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"threshold": {"amountMicros": 5_000_000, "currency": "USD"}}))]
pub(crate) struct NewBalanceAlert {
    /// Null forgets it.
    #[schema(value_type = Option<Amount>)]
    threshold: Option<Money>,
}

/// The mark below which the tenant's balance is low.
#[utoipa::path(tag = "money", responses((status = 200, body = BalanceAlert)))]
#[get("/api/v1/balanceAlert")]
pub(crate) async fn get_balance_alert(app: Data<App>, caller: Caller) -> ApiResult {
    ok(&BalanceAlert { threshold: events::mark(&app, &caller).await? })
}

/// Sets the mark below which the tenant's balance is low.
#[utoipa::path(tag = "money", request_body = NewBalanceAlert, responses((status = 200, body = BalanceAlert)))]
#[put("/api/v1/balanceAlert")]
pub(crate) async fn set_balance_alert(
    app: Data<App>,
    caller: Caller,
    body: Body<NewBalanceAlert>,
) -> ApiResult {
    ok(&BalanceAlert { threshold: events::set_mark(&app, &caller, body.0.threshold).await? })
}
