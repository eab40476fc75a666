//! Webhooks: where tenants want to hear of events. A subscription proves that its endpoint wants them, the fan-out turns each
//! event of the outbox into a delivery for each subscription that wants it, and the deliveries are tried until they arrive or
//! their time is over.
//!
//! An event's way: [`crate::events`] writes it → [`deliver`] spreads it over the subscriptions, claims what is due, and sends it
//! in tasks of its own → what the endpoint answered is written down, many at a time. Claims run out, and those of a node that
//! was killed are given back when it starts again, so that each event arrives at least once. Start reading at [`deliver`].

mod attempt;
mod change;
mod check;
mod create;
mod delete;
mod deliver;
mod depth;
mod fan_out;
mod list;
mod log;
mod prove;
mod reload;
mod sample;
mod secret;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use attempt::signed;
pub use change::change;
pub use check::{Draft, NAME_MAX, WEBHOOKS_MAX};
pub(crate) use check::{check_url, without_query};
pub use create::create;
pub use delete::delete;
pub use deliver::{deliver, stop};
pub use depth::{DepthView, EndpointView, Health, health};
pub use list::{get, list};
pub use log::{AttemptView, DeliveryState, DeliveryView, deliveries, delivery, redeliver, redeliver_dead};
pub use prove::{confirm, validate};
pub(crate) use reload::{load, reload};
pub use sample::sample;
pub(crate) use secret::fresh_at;
pub use secret::{PREVIOUS_HOURS, rotate_secret};
pub(crate) use state::State;
pub use state::{Counts, counts};
pub use sweep::sweep;
pub use view::{Created, Validation, ValidationState, WebhookView};

use crate::{App, Error};
use domain::{access::Scope, ids::TenantId};
use store::webhooks::Webhook;
use uuid::Uuid;

/// Whether the operator lets events go to private hosts, and over plain http.
#[must_use]
pub fn allows_private(app: &App) -> bool {
    app.deps().poster.allows_private()
}

fn tenant_of(scope: &Scope) -> Result<TenantId, Error> {
    scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))
}

fn no_webhook() -> Error {
    Error::not_found("id", "there is no such webhook: it was never made here, or was deleted")
}

/// The subscription of an id, which must be one of the scope's tenant.
async fn find(on: &impl store::On, scope: &Scope, id: Uuid) -> Result<Webhook, Error> {
    store::webhooks::get(on, scope, id).await?.ok_or_else(no_webhook)
}
