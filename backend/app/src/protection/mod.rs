//! Where a tenant may call, and for how much: what it set itself, within the bounds that the operator set for it.

mod bounds;
mod change;
mod defaults;
mod get;

pub use bounds::Bounds;
pub(crate) use change::apply_bounds;
pub use change::{change, change_bounds};
pub(crate) use defaults::read_defaults;
pub use defaults::{SpendingDefault, SpendingDefaults, defaults, put_defaults};
pub use get::{ProtectionView, get, get_of};

use crate::{Error, snapshot::load::read};
use domain::config::Protection;
use serde::{Deserialize, Serialize};

/// What is kept of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Kept {
    /// What the tenant set.
    pub(crate) own: Protection,
    /// Within which bounds.
    pub(crate) bounds: Bounds,
}

impl Kept {
    pub(crate) fn of(row: &store::tenants::Tenant) -> Result<Self, Error> {
        read("tenants.protection", row.protection.clone())
    }

    /// What decides calls: what the tenant set, as far as its bounds go at this moment.
    pub(crate) fn effective(&self, default: &SpendingDefault) -> Protection {
        self.bounds.or(default).narrow(&self.own)
    }
}
