//! Answers that are kept for repeated requests are forgotten after their time.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "answers";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(600);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let forgotten = app::replays::sweep(app).await?;
    if forgotten > 0 {
        tracing::debug!(forgotten, "kept answers were forgotten");
    }
    Ok(())
}
