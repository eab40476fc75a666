//! Numbers that were held by a search and not bought are free again.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "searches";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(30);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let freed = app::numbers::expire(app).await?;
    if freed > 0 {
        tracing::debug!(freed, "numbers of lapsed searches are free again");
    }
    Ok(())
}
