//! Deleted users of apps and retired keys go; a key that is old gets a successor.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "identities";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(900);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let forgotten = app::identities::sweep(app).await?;
    if forgotten > 0 {
        tracing::debug!(forgotten, "deleted users of apps were forgotten");
    }
    Ok(())
}
