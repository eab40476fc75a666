//! Ended sessions go.

use crate::{App, Error};

/// Deletes the sessions that have ended, and says how many.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn sweep(_app: &App) -> Result<u64, Error> {
    crate::error::later()
}
