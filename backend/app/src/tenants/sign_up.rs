//! A newcomer signs up.

use super::{NewTenant, SignedUp};
use crate::{App, Error};

/// Makes a tenant with its owner, keys and account. While the sandbox is on, the address counts as verified and the account starts with play credit.
///
/// # Errors
/// [`Error::Denied`] where sign-up is not open, [`Error::Invalid`] for a bad field, [`Error::Conflict`] where the address is known.
pub async fn sign_up(_app: &App, _new: NewTenant) -> Result<SignedUp, Error> {
    crate::error::later()
}
