//! Somebody signs in at the portal.

use super::Session;
use crate::{App, Error};

/// Opens a session.
///
/// # Errors
/// As [`sign_in`](crate::tenants::sign_in).
pub async fn open(_app: &App, _email: &str, _password: &str) -> Result<Session, Error> {
    crate::error::later()
}
