//! A tenant gives a number back.

use super::Operation;
use crate::{App, Error};
use domain::access::Actor;
use domain::phone::E164;

/// Gives a number back: it stays the tenant's until it is no longer paid for. Asked again, it answers as the first time.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn release(_app: &App, _actor: &Actor, _number: E164) -> Result<Operation, Error> {
    crate::error::later()
}
