//! A tenant makes a SIP user.

use super::{CreatedSipUser, NewSipUser};
use crate::{App, Error};
use domain::access::Actor;

/// Makes a SIP user with a strong password.
///
/// # Errors
/// [`Error::Invalid`] for a bad name, [`Error::Conflict`] where there is one of that name.
pub async fn create(_app: &App, _actor: &Actor, _new: NewSipUser) -> Result<CreatedSipUser, Error> {
    crate::error::later()
}
