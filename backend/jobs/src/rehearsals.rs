//! Drafts are tried on past calls.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "rehearsals";
/// How often it looks for one.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run: one rehearsal after the other, until none waits.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    while app::rehearsals::run_next(app).await? {}
    Ok(())
}
