//! The traces of calls are deleted when they are old enough.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "traces";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(600);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let old = app::calls::sweep_traces(app, app.now()).await?;
    if old > 0 {
        tracing::debug!(old, "old traces were deleted");
    }
    Ok(())
}
