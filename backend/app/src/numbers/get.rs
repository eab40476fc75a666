//! A tenant looks at one of its numbers.

use super::OwnedNumber;
use crate::{App, Error};
use domain::access::Actor;
use domain::phone::E164;

/// A number of the actor's tenant.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(_app: &App, _actor: &Actor, _number: E164) -> Result<OwnedNumber, Error> {
    crate::error::later()
}
