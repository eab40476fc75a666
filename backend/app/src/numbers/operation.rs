//! Operations are looked at, and given up.

use super::Operation;
use crate::{App, Error};
use domain::access::Actor;

/// An operation.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn operation(_app: &App, _actor: &Actor, _id: &str) -> Result<Operation, Error> {
    crate::error::later()
}

/// Gives an operation up: a search lets go of its numbers. What is done already stays done.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn cancel(_app: &App, _actor: &Actor, _id: &str) -> Result<(), Error> {
    crate::error::later()
}
