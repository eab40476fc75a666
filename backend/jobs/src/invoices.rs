//! Months that are over are closed, and invoices that are not paid are reminded of.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "invoices";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(300);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    let closed = app::invoices::close_due(app, app.now()).await?;
    if closed != app::invoices::Closed::default() {
        let app::invoices::Closed { periods, invoices, failed } = closed;
        tracing::info!(periods, invoices, failed, "months were closed");
    }
    app::invoices::dun(app, app.now()).await?;
    Ok(())
}
