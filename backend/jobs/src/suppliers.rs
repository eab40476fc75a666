//! What outside suppliers hold for nobody is given back.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "suppliers";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let given_back = app::suppliers::settle(app).await?;
    if given_back > 0 {
        tracing::info!(given_back, "numbers went back to their suppliers");
    }
    Ok(())
}
