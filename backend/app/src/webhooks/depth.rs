//! How deliveries do: what waits, since when, and what was given up.

use super::tenant_of;
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// What waits for one subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DepthView {
    /// Deliveries that wait or are under way.
    pub waiting: u64,
    /// When the event of the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// Dead letters.
    pub dead: u64,
    /// For how long the endpoint is left alone, since it does not answer.
    pub rests: Option<Duration>,
}

/// A subscription, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointView {
    /// Its identifier.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// What its owner calls it.
    pub name: String,
    /// Where its events go: scheme and host alone.
    pub host: String,
    /// Whether events go there.
    pub is_active: bool,
    /// Events that its queue had no room for.
    pub dropped: u64,
    /// What waits.
    pub depth: DepthView,
}

/// How all deliveries do, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Deliveries that wait or are under way.
    pub waiting: u64,
    /// When the event of the oldest of them happened.
    pub oldest: Option<DateTime<Utc>>,
    /// Dead letters.
    pub dead: u64,
    /// The subscriptions, those with most waiting first.
    pub endpoints: Vec<EndpointView>,
}

impl DepthView {
    /// What waits for each subscription of the actor's tenant.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn of_tenant(app: &App, actor: &Actor) -> Result<HashMap<Uuid, Self>, Error> {
        let scope = actor.scope(Permission::ReadEvents)?;
        tenant_of(&scope)?;
        depths(app, &scope).await
    }
}

async fn depths(app: &App, scope: &Scope) -> Result<HashMap<Uuid, DepthView>, Error> {
    let mut all: HashMap<Uuid, DepthView> = HashMap::new();
    for row in store::deliveries::depths(app.db().read(), scope, false).await? {
        let depth = all.entry(row.webhook_id).or_default();
        (depth.waiting, depth.oldest) = (row.deliveries.unsigned_abs(), row.oldest);
    }
    for row in store::deliveries::depths(app.db().read(), scope, true).await? {
        all.entry(row.webhook_id).or_default().dead = row.deliveries.unsigned_abs();
    }
    let now = Instant::now();
    for (id, depth) in &mut all {
        depth.rests = app.webhooks().rests(*id, now);
    }
    Ok(all)
}

/// How all deliveries do. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn health(app: &App, actor: &Actor) -> Result<Health, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let depths = depths(app, &scope).await?;
    let rows = store::webhooks::list(app.db().read(), &scope, None, ENDPOINTS_MAX).await?;
    let mut endpoints: Vec<EndpointView> = rows
        .into_iter()
        .map(|row| EndpointView {
            id: row.id,
            tenant: TenantId(row.tenant_id),
            name: row.name,
            host: host(&row.url),
            is_active: row.enabled && row.validation == store::webhooks::VALID,
            dropped: row.dropped.unsigned_abs(),
            depth: depths.get(&row.id).copied().unwrap_or_default(),
        })
        .collect();
    endpoints.sort_by_key(|one| std::cmp::Reverse((one.depth.waiting, one.depth.dead)));
    Ok(Health {
        waiting: depths.values().map(|depth| depth.waiting).sum(),
        oldest: depths.values().filter_map(|depth| depth.oldest).min(),
        dead: depths.values().map(|depth| depth.dead).sum(),
        endpoints,
    })
}

/// Subscriptions that the operator is shown at most.
const ENDPOINTS_MAX: u64 = 1_000;

fn host(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/").split('?').next().unwrap_or_default().to_owned()
}
