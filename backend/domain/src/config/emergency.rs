//! Emergency calls: per country its numbers, where they lead and which number a call taker can call back.

use super::Fault;
use crate::{
    country,
    ids::{CarrierId, TenantId},
    phone::E164,
};
use serde::{Deserialize, Serialize};

/// The most addresses of a tenant, and lines of an address.
pub const ADDRESSES_MAX: usize = 10_000;
const LINES_MAX: usize = 6;
const LINE_MAX: usize = 200;
const NUMBERS_MAX: usize = 16;

/// Where emergency calls of a country go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum EmergencyRoute {
    /// To a carrier.
    Carrier {
        /// Which.
        carrier: CarrierId,
    },
    /// To a trunk, of the operator's own tenant as a rule.
    Trunk {
        /// Its tenant.
        tenant: TenantId,
        /// Its name.
        fqdn: String,
    },
}

/// Which caller id an emergency call shows, so that the call taker can call back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "number", rename_all = "camelCase")]
pub enum CallBack {
    /// What is set for the caller's number; else that number where its tenant owns it, else the tenant's call-back number, else its first number.
    #[default]
    Owned,
    /// Always this number of the operator.
    Fixed(E164),
}

/// Emergency calls of a country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyCountry {
    /// ISO 3166-1 alpha-2, capital letters.
    pub country: String,
    /// The numbers, as they are dialled: `112`.
    pub numbers: Vec<String>,
    /// Numbers that reach a machine which says that the way works: `933` in the United States.
    #[serde(default)]
    pub test_numbers: Vec<String>,
    /// Where they go; `None` refuses them with their own cause.
    #[serde(default)]
    pub route: Option<EmergencyRoute>,
    /// The number that is shown.
    #[serde(default)]
    pub call_back: CallBack,
    /// Whether numbers should have a registered address. A call without one is let through all the same, and its trace
    /// says that the address is missing.
    #[serde(default)]
    pub address_required: bool,
}

impl EmergencyCountry {
    /// Whether everything is in its bounds.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        if !country::is_known(&self.country) {
            return Err(Fault::new("country", "give an ISO 3166-1 code in capital letters, such as SE"));
        }
        for (field, numbers) in [("numbers", &self.numbers), ("testNumbers", &self.test_numbers)] {
            let is_short =
                |text: &String| (2..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            if numbers.len() > NUMBERS_MAX || !numbers.iter().all(is_short) {
                return Err(Fault::new(
                    field,
                    format!("give at most {NUMBERS_MAX} numbers of 2 to 8 digits, such as 112"),
                ));
            }
        }
        if self.numbers.is_empty() {
            return Err(Fault::new("numbers", "give at least one number, such as 112"));
        }
        Ok(())
    }
}

/// Where the user of a number is, as the emergency service is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredAddress {
    /// The tenant's number.
    pub number: E164,
    /// ISO 3166-1 alpha-2, capital letters.
    pub country: String,
    /// Street, house, floor, room; in the order in which they are written.
    pub lines: Vec<String>,
    /// City.
    pub locality: String,
    /// State or province; empty where there is none.
    #[serde(default)]
    pub region: String,
    /// Postal code; empty where there is none.
    #[serde(default)]
    pub postal_code: String,
    /// The number that a call taker calls back, where it is another one than the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<E164>,
}

impl RegisteredAddress {
    /// Whether it is a whole address.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        if !country::is_known(&self.country) {
            return Err(Fault::new("country", "give an ISO 3166-1 code in capital letters, such as SE"));
        }
        let sound = |text: &str| text.len() <= LINE_MAX && !text.chars().any(char::is_control);
        if self.lines.is_empty()
            || self.lines.len() > LINES_MAX
            || !self.lines.iter().all(|line| sound(line) && !line.is_empty())
        {
            return Err(Fault::new(
                "lines",
                format!("give 1 to {LINES_MAX} lines of at most {LINE_MAX} bytes"),
            ));
        }
        for (field, text) in
            [("locality", &self.locality), ("region", &self.region), ("postalCode", &self.postal_code)]
        {
            if !sound(text) {
                return Err(Fault::new(field, format!("give at most {LINE_MAX} bytes without line breaks")));
            }
        }
        if self.locality.is_empty() {
            return Err(Fault::new("locality", "give the city: the emergency service needs it"));
        }
        Ok(())
    }
}

/// What a tenant set for its emergency calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantEmergency {
    /// The country of callers whose number tells none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The number to call back where the caller's own is not owned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_back: Option<E164>,
    /// Where the users of its numbers are.
    pub addresses: Vec<RegisteredAddress>,
}

impl TenantEmergency {
    /// The registered address of a number.
    #[must_use]
    pub fn address(&self, number: E164) -> Option<&RegisteredAddress> {
        self.addresses.iter().find(|address| address.number == number)
    }
}
