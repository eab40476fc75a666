//! Papers and details of porting requests that ended long ago are forgotten.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "porting";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(3_600);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let forgotten = app::porting::forget(app).await?;
    if forgotten > 0 {
        tracing::info!(forgotten, "papers of porting requests that ended long ago were forgotten");
    }
    Ok(())
}
