//! Events leave for whoever wants them.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "deliveries";
/// The pause between two runs; each goes on for a while.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let arrived = app::webhooks::deliver(app).await?;
    if arrived > 0 {
        tracing::debug!(arrived, "events were delivered");
    }
    Ok(())
}
