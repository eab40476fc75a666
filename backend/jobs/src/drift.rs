//! Whether the money adds up is counted, for the metrics and the operator.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "drift";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(300);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::money::check_drift(app).await?;
    Ok(())
}
