//! A tenant says where calls to a number go.

use super::OwnedNumber;
use crate::{App, Error};
use domain::access::Actor;
use domain::{numbering::Binding, phone::E164};

/// Binds an owned number.
///
/// # Errors
/// [`Error::NotFound`] for the number, [`Error::Invalid`] with the target where there is no such trunk or user.
pub async fn bind(
    _app: &App,
    _actor: &Actor,
    _number: E164,
    _binding: Binding,
) -> Result<OwnedNumber, Error> {
    crate::error::later()
}
