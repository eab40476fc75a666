//! A tenant deletes a SIP user.

use crate::{App, Error};
use domain::access::Actor;

/// Deletes a SIP user; numbers that were bound to it ring nowhere.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(_app: &App, _actor: &Actor, _username: &str) -> Result<(), Error> {
    crate::error::later()
}
