//! Messages that nobody needs any more are deleted from the outbox.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "messages";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(300);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let old = app::outbox::sweep(app, app.now()).await?;
    if old > 0 {
        tracing::debug!(old, "old messages were deleted");
    }
    Ok(())
}
