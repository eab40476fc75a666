//! Takes over what another node changed of the audio of all calls.

use app::{App, Error};
use std::time::Duration;

/// Its name.
pub(crate) const NAME: &str = "audio";
/// How often it runs.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// One run.
pub(crate) async fn run(app: &App) -> Result<(), Error> {
    app::audio::refresh(app).await
}
