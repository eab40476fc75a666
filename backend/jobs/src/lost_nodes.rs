//! The calls of nodes that are gone are closed, and their money is free again.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "lost-nodes";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(30);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let closed = app::calls::recover_lost(app).await?;
    if closed > 0 {
        tracing::warn!(closed, "calls of a node that is gone were closed");
    }
    Ok(())
}
