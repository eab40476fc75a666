//! Mail and other messages leave.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "outbox";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let left = app::outbox::deliver(app).await?;
    if left > 0 {
        tracing::debug!(left, "messages left the outbox");
    }
    Ok(())
}
