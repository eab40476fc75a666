//! Asks the operator's payment system to top up the accounts that are below their rule.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "top-ups";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(3);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let asked = app::topups::run(app, app.now()).await?;
    if asked > 0 {
        tracing::info!(asked, "top-ups were asked for");
    }
    Ok(())
}
