//! A tenant looks at its domains.

use super::DomainView;
use crate::{App, Error};
use domain::access::Actor;

/// The domains of the actor's tenant; [`DOMAINS_MAX`](super::DOMAINS_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(_app: &App, _actor: &Actor) -> Result<Vec<DomainView>, Error> {
    crate::error::later()
}
