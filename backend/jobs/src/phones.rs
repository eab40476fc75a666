//! Registrations that have lapsed are forgotten.

use app::{App, Error};
use std::time::{Duration, SystemTime};

/// Its name.
pub(crate) const NAME: &str = "phones";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let users = app::calls::registrations(app).sweep(SystemTime::now());
    tracing::trace!(users, "users with a registered phone");
    Ok(())
}
