//! The configuration changes.

use super::Changed;
use crate::{App, Error};

/// Reads what changed, and swaps the configuration. Called after each committed change.
///
/// # Errors
/// [`Error::Internal`] where the database fails; the configuration stays as it was.
pub async fn refresh(_app: &App, _changed: Changed) -> Result<(), Error> {
    Ok(())
}
