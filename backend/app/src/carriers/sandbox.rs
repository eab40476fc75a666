//! The simulated carrier's row.

use crate::{App, Error};
use domain::ids::CarrierId;
use uuid::Uuid;

/// The simulated carrier has the same identifier everywhere.
pub(crate) const fn sandbox_id() -> CarrierId {
    CarrierId(Uuid::from_u128(0x0000_0000_0000_7000_8000_5341_4e44_424f))
}

pub(crate) async fn ensure(_app: &App) -> Result<(), Error> {
    Ok(())
}
