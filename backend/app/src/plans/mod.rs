//! Price plans.

mod change;
mod ensure;
mod list;
mod prices;

pub use change::{PLANS_MAX, When, change, create, withdraw};
pub(crate) use change::{apply, drafted};
pub use ensure::starting;
pub(crate) use ensure::{default_plan, ensure};
pub use list::{PlanView, VersionView, get, list, versions, views};
pub use prices::{
    DESTINATIONS_MAX, DestinationPrice, NumberPrices, PublicPrices, RoutePrice, prices, public,
};

use crate::{App, Error};

/// Versions of a plan that are listed at most.
pub const VERSIONS_MAX: u64 = 200;

/// What the audit calls a plan.
#[must_use]
pub fn target(name: &str) -> String {
    format!("plan {name}")
}

fn no_plan() -> Error {
    Error::not_found("pricePlan", "there is no such price plan: GET /api/v1/operator/pricePlans lists them")
}

/// Has scheduled versions of plans and decks come into force whose time has come. How many there were.
///
/// # Errors
/// [`Error::Internal`] where the database fails: they come into force with the next run.
pub async fn apply_due(app: &App) -> Result<usize, Error> {
    crate::decks::apply_due(app).await
}
