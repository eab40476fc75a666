//! The plan that tenants start with.

use crate::{App, Error};
use domain::ids::PlanId;
use uuid::Uuid;

/// The plan that tenants start with has the same identifier everywhere.
pub(crate) const fn default_plan() -> PlanId {
    PlanId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_504c_414e))
}

pub(crate) async fn ensure(_app: &App) -> Result<(), Error> {
    Ok(())
}
