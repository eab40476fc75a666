//! How the deliveries of all tenants do, for the operator.

use crate::portal::{
    page::{Place, Shell},
    visit::{Operator, PageResult},
    words::{At, Badge, count, lasts},
};
use actix_web::{get, web::Data};
use app::{
    App,
    webhooks::{self, Counts, EndpointView},
};
use askama::Template;

#[derive(Template)]
#[template(path = "operator/deliveries.html")]
struct DeliveriesPage {
    shell: Shell,
    waiting: String,
    oldest: Option<At>,
    dead: String,
    delivered: String,
    failed: String,
    dropped: String,
    under_way: String,
    resting: String,
    endpoints: Vec<Row>,
}

/// One endpoint.
struct Row {
    tenant: String,
    name: String,
    host: String,
    state: Badge,
    waiting: String,
    oldest: Option<At>,
    dead: String,
    dropped: String,
}

#[get("/operator/webhooks")]
pub(super) async fn show(app: Data<App>, operator: Operator) -> PageResult {
    let health = webhooks::health(&app, &operator.actor).await?;
    let Counts { delivered, failed, dropped, under_way, resting, .. } = webhooks::counts(&app);
    let live = app.live();
    let row = |seen: EndpointView| Row {
        tenant: live.tenant(seen.tenant).map(|tenant| tenant.slug().to_owned()).unwrap_or_default(),
        name: seen.name,
        host: seen.host,
        state: match (seen.is_active, seen.depth.rests) {
            (false, _) => Badge::new("", "no events go there"),
            (true, Some(rest)) => Badge::new("bad", format!("rests for {}", lasts(rest.as_secs()))),
            (true, None) => Badge::new("good", "active"),
        },
        waiting: count(seen.depth.waiting),
        oldest: seen.depth.oldest.map(At::from),
        dead: count(seen.depth.dead),
        dropped: count(seen.dropped),
    };
    operator.page(&DeliveriesPage {
        shell: operator.shell(Place::Outbox),
        waiting: count(health.waiting),
        oldest: health.oldest.map(At::from),
        dead: count(health.dead),
        delivered: count(delivered),
        failed: count(failed),
        dropped: count(dropped),
        under_way: count(under_way),
        resting: count(resting),
        endpoints: health.endpoints.into_iter().map(row).collect(),
    })
}
