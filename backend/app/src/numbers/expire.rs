//! Lapsed holds let go of their numbers.

use crate::{App, Error};

/// Frees the numbers whose hold has lapsed, and says how many. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn expire(_app: &App) -> Result<u64, Error> {
    crate::error::later()
}
