//! Trunks and carriers are asked whether they are there, and what changed is written down.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "health";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::health::tick(app).await
}
