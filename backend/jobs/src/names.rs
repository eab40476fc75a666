//! The names of trunks, carriers and registrars are looked up before anybody asks for them.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "names";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let asked = app::names::refresh(app).await?;
    if asked > 0 {
        tracing::trace!(asked, "names were looked up");
    }
    Ok(())
}
