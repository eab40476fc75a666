//! Deletes recordings that have been kept for as long as their tenant's policy said, and closes those of nodes that are gone.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "recordings";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let deleted = app::recordings::retain(app, app.now()).await?;
    if deleted > 0 {
        tracing::info!(deleted, "recordings that were kept for long enough were deleted");
    }
    Ok(())
}
