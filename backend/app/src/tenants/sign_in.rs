//! Somebody says who they are, by e-mail address and password.

use crate::{App, Error};
use domain::access::Actor;

/// The actor behind an e-mail address and a password: a tenant's owner or an operator.
///
/// # Errors
/// [`Error::Unauthenticated`] where they do not match; [`Error::TooMany`] after too many tries.
pub async fn sign_in(_app: &App, _email: &str, _password: &str) -> Result<Actor, Error> {
    crate::error::later()
}
