//! Our registrations with the registrars of carriers and PBXs are kept up.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "registrations";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::registrars::tick(app).await
}
