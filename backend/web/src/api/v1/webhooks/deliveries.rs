//! The delivery log.

use super::id;
use crate::{
    api::v1::{Listing, PageParams, ok},
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Params,
};
use actix_web::{
    HttpRequest, get, post,
    web::{Data, Path},
};
use app::{
    App,
    webhooks::{self, AttemptView, DeliveryState, DeliveryView},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(list_deliveries).service(get_delivery).service(redeliver_one).service(redeliver_dead);
}

/// An event on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
pub(crate) struct Delivery {
    id: Uuid,
    /// The event's id, the same in every try and for every webhook.
    event_id: Uuid,
    event_type: &'static str,
    subject: String,
    event_time: DateTime<Utc>,
    /// `pending`, `delivered` or `dead`.
    #[schema(value_type = String)]
    state: DeliveryState,
    /// Tries so far.
    attempts: u32,
    /// When it is tried next.
    next_attempt_at: Option<DateTime<Utc>>,
    last_status: Option<u16>,
    last_error: Option<String>,
    /// When it arrived, or was given up.
    done_at: Option<DateTime<Utc>>,
    /// The body that is sent; of one delivery alone.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<serde_json::Value>,
    /// The last five tries, oldest first; of one delivery alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<Attempt>,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookHeader)]
pub(crate) struct Header {
    name: String,
    /// `(hidden)` where it is nobody's business.
    value: String,
}

/// A try.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookAttempt)]
pub(crate) struct Attempt {
    at: DateTime<Utc>,
    took_ms: u64,
    request_headers: Vec<Header>,
    status: Option<u16>,
    response_headers: Vec<Header>,
    /// The beginning of the answer, 2 KiB at most.
    response_body: Option<String>,
    /// Whether there was more of it.
    is_cut: bool,
    error: Option<String>,
}

impl From<AttemptView> for Attempt {
    fn from(seen: AttemptView) -> Self {
        let headers = |all: Vec<(String, String)>| {
            all.into_iter().map(|(name, value)| Header { name, value }).collect()
        };
        Self {
            at: seen.at,
            took_ms: seen.took_ms,
            request_headers: headers(seen.headers),
            status: seen.status,
            response_headers: headers(seen.reply_headers),
            response_body: seen.reply_body,
            is_cut: seen.is_cut,
            error: seen.error,
        }
    }
}

impl From<DeliveryView> for Delivery {
    fn from(seen: DeliveryView) -> Self {
        Self {
            id: seen.id,
            event_id: seen.event_id,
            event_type: seen.event_type,
            subject: seen.subject,
            event_time: seen.event_at,
            state: seen.state,
            attempts: seen.attempts,
            next_attempt_at: seen.next_at,
            last_status: seen.last_status,
            last_error: seen.last_error,
            done_at: seen.done_at,
            body: seen.body,
            log: seen.log.into_iter().map(Attempt::from).collect(),
        }
    }
}

/// Which deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `pending`, `delivered` or `dead`; all where it is not said.
    state: Option<String>,
    /// Rows wanted, 1 to 1,000; 100 where it is not said.
    #[param(minimum = 1, maximum = 1000)]
    max_page_size: Option<u32>,
    /// Where the page begins, as `nextLink` says it.
    after: Option<String>,
}

/// The deliveries of a webhook, newest first. They are kept for a week.
#[utoipa::path(tag = "webhooks", params(Which), responses((status = 200, body = Listing<Delivery>)))]
#[get("/api/v1/webhooks/{id}/deliveries")]
pub(crate) async fn list_deliveries(
    app: Data<App>,
    caller: Caller,
    path: Path<String>,
    which: Params<Which>,
    request: HttpRequest,
) -> ApiResult {
    let Which { state, max_page_size, after } = which.0;
    let state = state.map(|word| {
        DeliveryState::from_word(&word)
            .ok_or_else(|| ApiError::invalid("state", "state: pending, delivered or dead"))
    });
    let page = PageParams { max_page_size, after }.request()?;
    let found = webhooks::deliveries(&app, &caller, (id(&path)?, state.transpose()?), &page).await?;
    ok(&Listing::<Delivery>::of_page(found, &request))
}

/// One delivery, with its body and its last tries.
#[utoipa::path(tag = "webhooks", responses((status = 200, body = Delivery)))]
#[get("/api/v1/webhooks/{id}/deliveries/{delivery}")]
pub(crate) async fn get_delivery(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> ApiResult {
    let (webhook, delivery) = ids(&path)?;
    ok(&Delivery::from(webhooks::delivery(&app, &caller, webhook, delivery).await?))
}

/// Has a delivery sent again, whatever became of it.
#[utoipa::path(tag = "webhooks", responses((status = 202, body = Delivery)))]
#[post("/api/v1/webhooks/{id}/deliveries/{delivery}:redeliver")]
pub(crate) async fn redeliver_one(app: Data<App>, caller: Caller, path: Path<(String, String)>) -> ApiResult {
    let (webhook, delivery) = ids(&path)?;
    let seen = webhooks::redeliver(&app, &caller, webhook, delivery).await?;
    Ok(actix_web::HttpResponse::Accepted().json(Delivery::from(seen)))
}

/// How many are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Redelivered {
    /// Dead letters that wait again.
    deliveries: u64,
}

/// Has all dead letters of a webhook sent again, 1,000 at most.
#[utoipa::path(tag = "webhooks", responses((status = 202, body = Redelivered)))]
#[post("/api/v1/webhooks/{id}:redeliver")]
pub(crate) async fn redeliver_dead(app: Data<App>, caller: Caller, path: Path<String>) -> ApiResult {
    let deliveries = webhooks::redeliver_dead(&app, &caller, id(&path)?).await?;
    Ok(actix_web::HttpResponse::Accepted().json(Redelivered { deliveries }))
}

fn ids((webhook, delivery): &(String, String)) -> Result<(Uuid, Uuid), ApiError> {
    let message = "there is no such delivery: it was never made, or is older than a week";
    let delivery = delivery.parse().map_err(|_| ApiError::not_found(message).at("delivery"))?;
    Ok((id(webhook)?, delivery))
}
