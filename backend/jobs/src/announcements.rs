//! Takes over what other nodes changed of what callers hear.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "announcements";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::announcements::refresh(app).await
}
