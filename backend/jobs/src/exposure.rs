//! What all tenants may owe at worst is measured, for the metrics.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "exposure";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(15);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::exposure::measure(app).await
}
