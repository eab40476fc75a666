//! Leases go on for another month, or end.

use crate::{App, Error};

/// What one round of renewals did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Leases charged for another month.
    pub charged: u64,
    /// Leases that ended because they were given back.
    pub ended: u64,
    /// Leases that ended because they were not paid for.
    pub lapsed: u64,
}

/// Charges a month for every lease that is no longer paid for, and ends those that were given back, or have not been
/// paid for over the days of grace. A bounded batch at a time; for the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn renew(_app: &App) -> Result<Renewed, Error> {
    crate::error::later()
}
