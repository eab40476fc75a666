//! Leases are charged for another month, or end.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "leases";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let done = app::numbers::renew(app).await?;
    if done != app::numbers::Renewed::default() {
        tracing::info!(
            charged = done.charged,
            ended = done.ended,
            lapsed = done.lapsed,
            unpaid = done.unpaid,
            "leases were renewed"
        );
    }
    Ok(())
}
