//! A tenant looks at its SIP users.

use super::SipUserView;
use crate::window::{List, Window};
use crate::{App, Error};
use domain::access::Actor;

/// The SIP users of the actor's tenant, by name.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor, _window: Window) -> Result<List<SipUserView>, Error> {
    crate::error::later()
}
