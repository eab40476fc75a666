//! Takes over what other nodes stopped because too much was spent too fast, and what was lifted.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "velocity";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::velocity::refresh(app).await
}
