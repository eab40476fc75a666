//! The operator makes a tenant.

use super::{NewTenant, SignedUp};
use crate::{App, Error};
use domain::access::Actor;

/// Makes a tenant for a customer, verified already. Operators only.
///
/// # Errors
/// As [`sign_up`](super::sign_up), and [`Error::Denied`].
pub async fn create(_app: &App, _actor: &Actor, _new: NewTenant) -> Result<SignedUp, Error> {
    crate::error::later()
}
