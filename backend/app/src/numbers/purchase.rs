//! A tenant buys what a search holds.

use super::Operation;
use crate::{App, Error};
use domain::access::Actor;
use uuid::Uuid;

/// Buys all numbers of a search: leases, order and the debit of the first month are one transaction. Asked again, it answers the same operation.
///
/// # Errors
/// [`Error::NotFound`], [`Error::PaymentRequired`] with what is missing, [`Error::Conflict`] where the hold has lapsed.
pub async fn purchase(_app: &App, _actor: &Actor, _search: Uuid) -> Result<Operation, Error> {
    crate::error::later()
}
