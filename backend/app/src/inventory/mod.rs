//! Inventory: the numbers that the platform has for sale.

mod csv_import;
mod import;
mod quarantine;
mod sandbox;

pub use csv_import::{CSV_ROWS_MAX, FAULTS_MAX, ImportPreview, RowChange, RowFault, import_csv, preview_csv};
pub(crate) use import::carrier;
pub use import::import;
pub(crate) use quarantine::take_back;
pub use quarantine::{
    DAYS_MAX, QuarantinePolicy, QuarantineRule, QuarantinedNumber, end_quarantine, put_quarantine_policy,
    quarantine_policy, quarantined, reassign,
};
pub(crate) use sandbox::ensure as ensure_sandbox_stock;

use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    money::Money,
    numbering::{Capabilities, NumberType},
    phone::E164,
};
use serde::{Deserialize, Serialize};

/// How many numbers of the stock are in which state. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn counts(app: &App, actor: &Actor) -> Result<[(&'static str, u64); 4], Error> {
    use store::stock::{FREE, HELD, LEASED, QUARANTINED, count};
    let (scope, on) = (actor.scope(Permission::Operate)?, app.db().read());
    Ok([
        ("For sale", count(on, &scope, FREE).await?),
        ("Held", count(on, &scope, HELD).await?),
        ("Sold", count(on, &scope, LEASED).await?),
        ("In quarantine", count(on, &scope, QUARANTINED).await?),
    ])
}

/// Numbers of one import as JSON at most.
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
    /// Numbers that were there and are changed.
    pub changed: u64,
    /// Numbers that were there already; they stay as they are.
    pub skipped: u64,
}
