//! How deliveries do, for the operator.

use crate::{
    api::v1::{Operator, ok},
    error::ApiResult,
};
use actix_web::{get, web::Data};
use app::{
    App,
    webhooks::{self, Counts, EndpointView, Health},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn mount(routes: &mut ServiceConfig<'_>) {
    routes.service(get_delivery_health);
}

/// How deliveries do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryHealth {
    /// Deliveries that wait or are under way.
    waiting: u64,
    /// When the event of the oldest of them happened.
    oldest: Option<DateTime<Utc>>,
    /// Dead letters of the last week.
    dead_letters: u64,
    /// Deliveries of this node that arrived since its start.
    delivered: u64,
    /// Tries of this node that failed since its start.
    failed_attempts: u64,
    /// Deliveries of this node that are under way.
    under_way: u64,
    /// Endpoints that this node leaves alone for a while.
    resting: u64,
    /// The webhooks, those with most waiting first.
    endpoints: Vec<Endpoint>,
}

/// A webhook, without what its tenant alone may see.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryEndpoint)]
pub(crate) struct Endpoint {
    id: Uuid,
    tenant: Uuid,
    name: String,
    /// Scheme and host.
    host: String,
    /// Whether events go there.
    active: bool,
    waiting: u64,
    oldest: Option<DateTime<Utc>>,
    dead_letters: u64,
    dropped: u64,
    resting_seconds: Option<u64>,
}

impl From<EndpointView> for Endpoint {
    fn from(seen: EndpointView) -> Self {
        Self {
            id: seen.id,
            tenant: seen.tenant.0,
            name: seen.name,
            host: seen.host,
            active: seen.is_active,
            waiting: seen.depth.waiting,
            oldest: seen.depth.oldest,
            dead_letters: seen.depth.dead,
            dropped: seen.dropped,
            resting_seconds: seen.depth.rests.map(|rest| rest.as_secs()),
        }
    }
}

/// How the deliveries of all tenants do: what waits, since when, and what was given up.
#[utoipa::path(tag = "operator", responses((status = 200, body = DeliveryHealth)))]
#[get("/api/v1/operator/deliveries")]
pub(crate) async fn get_delivery_health(app: Data<App>, operator: Operator) -> ApiResult {
    let Health { waiting, oldest, dead, endpoints } = webhooks::health(&app, &operator).await?;
    let Counts { delivered, failed, under_way, resting, .. } = webhooks::counts(&app);
    ok(&DeliveryHealth {
        waiting,
        oldest,
        dead_letters: dead,
        delivered,
        failed_attempts: failed,
        under_way,
        resting,
        endpoints: endpoints.into_iter().map(Endpoint::from).collect(),
    })
}
