//! A tenant has published the record.

use super::DomainView;
use crate::{App, Error};
use domain::access::Actor;

/// Looks for the record, and takes the domain as the tenant's where it is there.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] (422) where the record is not there, saying what was found; [`Error::Conflict`] where another tenant has the domain.
pub async fn verify(_app: &App, _actor: &Actor, _name: &str) -> Result<DomainView, Error> {
    crate::error::later()
}
