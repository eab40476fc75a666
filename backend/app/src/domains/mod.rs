//! Domains: a trunk's name must lie in a domain that the tenant has shown to be its own.

mod add;
mod change;
mod list;
pub(crate) mod reserved;
mod verify;

pub use add::add;
pub(crate) use add::ensure;
pub use change::{delete, switch};
pub use list::{get, list};
pub(crate) use reserved::remember_sandbox;
pub use verify::verify;

use crate::{Error, trunks::is_host_name};
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
    /// Whether trunks in it are used.
    pub enabled: bool,
    /// The record to publish.
    pub record: TxtRecord,
}

/// Characters of a name at most, so that a trunk's own label fits before it.
const NAME_MAX: usize = 240;
/// Where the record stands, before the domain's own name.
const LABEL: &str = "_dialtone";
/// Bytes of a token.
const TOKEN_BYTES: usize = 16;

/// A fresh token.
fn token() -> String {
    hex::encode(rand::random::<[u8; TOKEN_BYTES]>())
}

fn view(row: &store::trunks::Domain) -> DomainView {
    DomainView {
        name: row.name.clone(),
        verified: row.verified_at.is_some(),
        verified_at: row.verified_at,
        enabled: row.enabled,
        record: TxtRecord {
            kind: "TXT".to_owned(),
            name: format!("{LABEL}.{}", row.name),
            value: format!("dialtone-verification={}", row.token),
        },
    }
}

/// A domain's name in lower case.
pub(crate) fn name(text: &str) -> Result<String, Error> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_reserved_top = reserved::is_reserved(&name) && !name.contains('.') && !name.is_empty();
    if name.len() <= NAME_MAX
        && (is_host_name(&name) || is_reserved_top)
        && name.parse::<std::net::IpAddr>().is_err()
    {
        return Ok(name);
    }
    Err(Error::invalid(
        "name",
        "give a domain such as contoso.com: letters, digits and hyphens, with dots between them",
    ))
}
