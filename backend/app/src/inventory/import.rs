//! The operator puts numbers up for sale.

use super::{Imported, NewStock};
use crate::{App, Error};
use domain::access::Actor;

/// Puts numbers up for sale, all or none; numbers that are there already stay as they are. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] with the place of the first bad number.
pub async fn import(_app: &App, _actor: &Actor, _numbers: Vec<NewStock>) -> Result<Imported, Error> {
    crate::error::later()
}

/// The same from CSV with the header
/// `e164,type,country,locality,areaCode,calling,sms,carrier,monthlyMicros,currency`.
///
/// # Errors
/// As [`import`], with the line of the first bad row.
pub async fn import_csv(_app: &App, _actor: &Actor, _text: &str) -> Result<Imported, Error> {
    crate::error::later()
}
