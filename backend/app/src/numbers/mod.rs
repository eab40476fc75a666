//! Numbers: what is for sale, searches that hold some of it, purchase, and what a tenant does with its own.

mod bind;
mod browse;
mod capabilities;
mod catalogue;
mod expire;
mod get;
mod list;
mod operation;
mod operators;
mod orders;
mod places;
mod purchase;
mod release;
mod renew;
pub mod reservations;
mod rows;
mod search;
mod tariff;

pub use bind::bind;
pub use browse::{AvailableNumber, BROWSE_MAX, BrowseRequest, browse};
pub use capabilities::{Wished, update_capabilities};
pub(crate) use catalogue::countries_for_sale;
pub use catalogue::{area_codes, countries, localities, offerings};
pub use expire::expire;
pub use get::get;
pub use list::{list, page};
pub use operation::{cancel, operation};
pub use operators::{LOOKUP_MAX, OperatorDetails, OperatorInformation, lookup};
pub(crate) use orders::bring;
pub use purchase::purchase;
pub use release::release;
pub(crate) use release::tell as tell_released;
pub use renew::{Renewed, renew};
pub(crate) use rows::active;
pub use search::{QUANTITY_MAX, SEARCH_MINUTES, search, search_result};
pub(crate) use tariff::Tariff;

use chrono::{DateTime, Utc};
use domain::{
    ids::LeaseId,
    money::Money,
    numbering::{AssignmentType, Binding, Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A country in which numbers are for sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Country {
    /// Its English name.
    pub localized_name: String,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
}

/// A place in which numbers are for sale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locality {
    /// Its name.
    pub localized_name: String,
    /// Its state or county, where the country has such: name and abbreviation.
    pub administrative_division: Option<(String, String)>,
}

/// What is for sale of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offering {
    /// The kind.
    pub phone_number_type: NumberType,
    /// The use.
    pub assignment_type: AssignmentType,
    /// What the numbers can do.
    pub available_capabilities: Capabilities,
    /// What a month costs this tenant.
    pub cost: Money,
}

/// Narrows the catalogue; what is left out does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The kind.
    pub number_type: Option<NumberType>,
    /// The use.
    pub assignment_type: Option<AssignmentType>,
    /// The place.
    pub locality: Option<String>,
    /// The abbreviation of its state.
    pub administrative_division: Option<String>,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchRequest {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The kind.
    pub phone_number_type: NumberType,
    /// The use.
    pub assignment_type: AssignmentType,
    /// What the numbers must be able to do.
    pub capabilities: Capabilities,
    /// The area code; any where it is left out.
    pub area_code: Option<String>,
    /// How many, 1 to [`QUANTITY_MAX`].
    pub quantity: u32,
    /// What else narrows it.
    #[serde(default)]
    pub narrow: Narrow,
}

/// What narrows a search beyond kind and area code; what is `None` or empty does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Narrow {
    /// The place.
    pub locality: Option<String>,
    /// With what the number begins, after the country's code or the `+`.
    pub prefix: Option<String>,
    /// Digits that it contains somewhere, three at least.
    pub contains: Option<String>,
}

/// What a search found and holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchResult {
    /// The search.
    pub search_id: Uuid,
    /// The numbers; empty where it found too few.
    pub phone_numbers: Vec<E164>,
    /// As asked.
    pub phone_number_type: NumberType,
    /// As asked.
    pub assignment_type: AssignmentType,
    /// As asked.
    pub capabilities: Capabilities,
    /// What a month of all of them costs.
    pub cost: Money,
    /// Until when they are held.
    pub search_expires_by: DateTime<Utc>,
    /// `NoError`, `OutOfStock`, `ReservationExpired`, …
    pub error: String,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    /// Looks for numbers.
    Search,
    /// Buys what a search holds.
    Purchase,
    /// Gives a number back.
    ReleasePhoneNumber,
    /// Says what a number does.
    UpdatePhoneNumberCapabilities,
    /// Buys what a reservation holds.
    ReservationPurchase,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationStatus {
    /// It waits.
    NotStarted,
    /// It runs.
    Running,
    /// It is done.
    Succeeded,
    /// It failed.
    Failed,
    /// It was given up before it was done.
    Canceled,
}

/// An operation of the protocol's long-running kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// `search_<uuid>`, `purchase_<uuid>`, `reservationPurchase_<uuid>`, `release_<uuid>`, `capabilities_<uuid>`.
    pub id: String,
    /// What it does.
    pub kind: OperationKind,
    /// How far it is.
    pub status: OperationStatus,
    /// The path of what it makes, without query: `/availablePhoneNumbers/searchResults/<uuid>`.
    pub resource: Option<String>,
    /// Code and message, where it failed.
    pub error: Option<(String, String)>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Operation {
    /// The part of the identifier after the kind: the search's, for a search or a purchase.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.id.split_once('_').map_or(self.id.as_str(), |(_, subject)| subject)
    }
}

/// A number that a tenant owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnedNumber {
    /// The lease.
    pub id: LeaseId,
    /// The number.
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Its kind.
    pub number_type: NumberType,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Its use.
    pub assignment_type: AssignmentType,
    /// Where calls to it go.
    pub inbound: Binding,
    /// What a month costs.
    pub monthly: Money,
    /// When it was bought.
    pub purchased_at: DateTime<Utc>,
    /// Until when it is paid.
    pub paid_until: DateTime<Utc>,
    /// Whether it goes back at `paid_until`.
    pub is_released: bool,
}
