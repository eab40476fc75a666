//! Sessions that have ended are deleted.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "sessions";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(300);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let ended = app::sessions::sweep(app).await?;
    if ended > 0 {
        tracing::debug!(ended, "ended sessions were deleted");
    }
    Ok(())
}
