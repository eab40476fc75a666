//! Domains: a trunk's name must lie in a domain that the tenant has shown to be its own.

mod add;
mod list;
pub(crate) mod reserved;
mod verify;

pub use add::add;
pub use list::list;
pub use verify::verify;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Domains of a tenant at most.
pub const DOMAINS_MAX: usize = 250;

/// The record to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxtRecord {
    /// `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// At which name.
    pub name: String,
    /// With which text.
    pub value: String,
}

/// A domain of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainView {
    /// Its name, lower case.
    pub name: String,
    /// Whether it counts as the tenant's.
    pub verified: bool,
    /// Since when.
    pub verified_at: Option<DateTime<Utc>>,
    /// The record to publish.
    pub record: TxtRecord,
}
