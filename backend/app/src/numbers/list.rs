//! A tenant looks at its numbers.

use super::OwnedNumber;
use crate::window::{List, Window};
use crate::{App, Error};
use domain::access::Actor;

/// The numbers of the actor's tenant, in order.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor, _window: Window) -> Result<List<OwnedNumber>, Error> {
    crate::error::later()
}
