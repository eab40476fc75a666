//! Emergency calls: the operator says per country where they go, the tenant where its people are.

mod addresses;
mod countries;
mod settings;

pub use addresses::{address_of, addresses, delete_address, put_address};
pub(crate) use countries::read_countries;
pub use countries::{countries, country, delete_country, put_country};
pub use settings::{EmergencyView, change_settings, settings};

use crate::{Error, snapshot::load::read};
use domain::config::RegisteredAddress;

/// The address of a row.
pub(crate) fn address(row: store::emergency::Address) -> Result<RegisteredAddress, Error> {
    read("emergency_addresses.body", row.body)
}
