//! Operators: the people who run the platform.

use crate::{App, Error};

/// Whether there is an operator already.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn exists(_app: &App) -> Result<bool, Error> {
    crate::error::later()
}

/// Makes an operator where there is none with this address yet; whether it made one. An operator that is there keeps
/// its password.
///
/// # Errors
/// [`Error::Invalid`] for a bad address or password, [`Error::Conflict`] where a tenant's owner has the address.
pub async fn ensure(_app: &App, _email: &str, _password: &str) -> Result<bool, Error> {
    crate::error::later()
}
