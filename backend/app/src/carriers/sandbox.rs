//! The simulated carrier's row. Where it is, and whether it is used, depends on the settings, not on the row.

use crate::{App, Error, SandboxMode};
use domain::{
    access::Scope,
    config::{CarrierPrefix, DEFAULT_CALLS_PER_SECOND, DEFAULT_MAX_CALLS},
    ids::CarrierId,
};
use store::carriers::{Carrier, get, insert};
use uuid::Uuid;

/// The simulated carrier has the same identifier everywhere.
pub(crate) const fn sandbox_id() -> CarrierId {
    CarrierId(Uuid::from_u128(0x0000_0000_0000_7000_8000_5341_4e44_424f))
}

/// Writes the simulated carrier down where it is wanted and not there.
pub(crate) async fn ensure(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the simulated carrier is the platform's");
    let known = get(app.db().read(), &scope, sandbox_id()).await?.is_some();
    if known || app.settings().sandbox == SandboxMode::Off {
        return Ok(());
    }
    let everything =
        [CarrierPrefix { prefix: String::new(), cost_per_minute_micros: 0, windows: Vec::new() }];
    let row = Carrier {
        id: sandbox_id().0,
        name: "sandbox".to_owned(),
        sandbox: true,
        enabled: true,
        hosts: serde_json::json!([]),
        caller_id: "any".to_owned(),
        calls_per_second: i32::try_from(DEFAULT_CALLS_PER_SECOND * 10).unwrap_or(i32::MAX),
        max_calls: i32::try_from(DEFAULT_MAX_CALLS * 10).unwrap_or(i32::MAX),
        prefixes: serde_json::to_value(everything).map_err(Error::internal)?,
        settings: serde_json::json!({}),
        outbound_secret: None,
        created_at: app.now(),
    };
    app.db().write::<_, Error, _>(async |tx| Ok(insert(tx, &scope, row.clone()).await?)).await
}
