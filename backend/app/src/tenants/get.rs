//! A tenant looks at itself.

use super::{SignedUp, TenantView};
use crate::{App, Error};
use domain::access::Actor;

/// The actor's tenant.
///
/// # Errors
/// [`Error::Denied`] for operators.
pub async fn get(_app: &App, _actor: &Actor) -> Result<TenantView, Error> {
    crate::error::later()
}

/// The endpoint, connection string and keys of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`] for operators.
pub async fn access(_app: &App, _actor: &Actor) -> Result<SignedUp, Error> {
    crate::error::later()
}
