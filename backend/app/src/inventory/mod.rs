//! Inventory: the numbers that the platform has for sale.

mod import;
mod sandbox;

pub use import::{import, import_csv};
pub(crate) use sandbox::ensure as ensure_sandbox_stock;

use domain::{
    money::Money,
    numbering::{Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};

/// Numbers of one import at most.
pub const IMPORT_MAX: usize = 10_000;

/// A number to sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewStock {
    /// The number.
    pub e164: E164,
    /// Its kind.
    #[serde(rename = "type")]
    pub number_type: NumberType,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The place.
    #[serde(default)]
    pub locality: Option<String>,
    /// The area code.
    #[serde(default)]
    pub area_code: Option<String>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The carrier that it comes from, by name or identifier.
    pub carrier: String,
    /// What a month costs the tenant.
    pub monthly: Money,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Numbers that are for sale now.
    pub added: u64,
    /// Numbers that were there already; they stay as they are.
    pub skipped: u64,
}
