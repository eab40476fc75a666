//! Prices that were scheduled come into force at their time.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "prices";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let applied = app::plans::apply_due(app).await?;
    if applied > 0 {
        tracing::info!(applied, "scheduled prices came into force");
    }
    Ok(())
}
