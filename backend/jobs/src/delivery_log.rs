//! Deliveries whose time is over are given up, and old ones are deleted.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "delivery_log";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(30);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let old = app::webhooks::sweep(app).await?;
    if old > 0 {
        tracing::debug!(old, "old deliveries are gone");
    }
    Ok(())
}
