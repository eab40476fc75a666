//! Configuration that could not be built is tried again: a database that was away comes back.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "configuration";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(15);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::snapshot::retry(app).await
}
