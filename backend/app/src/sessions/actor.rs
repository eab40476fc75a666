//! Who is behind a session.

use crate::{App, Error};
use domain::access::Actor;

/// The actor behind a session's token.
///
/// # Errors
/// [`Error::Unauthenticated`] where there is no such session, or it has ended.
pub async fn actor(_app: &App, _token: &str) -> Result<Actor, Error> {
    crate::error::later()
}
