//! Old changes of health are forgotten.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "health-history";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(3_600);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let forgotten = app::health::sweep(app, app.now()).await?;
    if forgotten > 0 {
        tracing::debug!(forgotten, "old changes of health were deleted");
    }
    Ok(())
}
