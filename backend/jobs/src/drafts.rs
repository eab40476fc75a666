//! Drafts that were scheduled come into force at their time.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "drafts";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let decided = app::rehearsals::apply_due(app).await?;
    if decided > 0 {
        tracing::info!(decided, "the time of scheduled drafts has come");
    }
    Ok(())
}
