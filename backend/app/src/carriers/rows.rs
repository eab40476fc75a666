//! A carrier and its row.

use crate::{
    App, Error,
    snapshot::load::{read as json, word},
    trunks::rows::{join, settings},
    vault::Place,
};
use domain::{
    config::{CallerIdPolicy, Carrier, Limits},
    ids::CarrierId,
};
use serde_json::Value;
use store::carriers;

/// What stands in the columns of a row, and so not in its settings.
const COLUMNS: [&str; 8] = ["id", "name", "sandbox", "enabled", "hosts", "callerId", "limits", "prefixes"];

/// The carrier of a row.
pub(crate) fn read(row: carriers::Carrier) -> Result<Carrier, Error> {
    let caller_id: CallerIdPolicy = word("carriers.caller_id", &row.caller_id)?;
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    let carrier = Carrier {
        id: CarrierId(row.id),
        sandbox: row.sandbox,
        enabled: row.enabled,
        caller_id,
        limits: Limits {
            calls_per_second: positive(row.calls_per_second),
            max_calls: positive(row.max_calls),
        },
        ..super::plain(
            &row.name,
            json("carriers.hosts", row.hosts)?,
            json("carriers.prefixes", row.prefixes)?,
        )
    };
    match row.settings {
        Value::Object(fields) if fields.is_empty() => Ok(carrier),
        settings => join(&carrier, settings),
    }
}

/// The row of a carrier that changed.
pub(super) fn with(row: carriers::Carrier, carrier: &Carrier) -> Result<carriers::Carrier, Error> {
    let limit = |limit: u32| i32::try_from(limit).unwrap_or(i32::MAX);
    Ok(carriers::Carrier {
        name: carrier.name.clone(),
        enabled: carrier.enabled,
        hosts: serde_json::to_value(&carrier.hosts).map_err(Error::internal)?,
        caller_id: match carrier.caller_id {
            CallerIdPolicy::Any => "any".to_owned(),
            CallerIdPolicy::Owned => "owned".to_owned(),
        },
        calls_per_second: limit(carrier.limits.calls_per_second),
        max_calls: limit(carrier.limits.max_calls),
        prefixes: serde_json::to_value(&carrier.prefixes).map_err(Error::internal)?,
        settings: settings(carrier, &COLUMNS)?,
        ..row
    })
}

/// Seals the password with which a carrier's challenges are answered.
pub(super) fn seal(app: &App, row: &carriers::Carrier, password: &str) -> Vec<u8> {
    let id = row.id.to_string();
    let place = Place { tenant: "platform", table: "carriers", column: "outbound_secret", id: &id };
    app.vault().seal(place, password.as_bytes())
}
