//! A trunk and its row.

use crate::{App, Error, vault::Place};
use domain::config::Trunk;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::trunks;

/// What stands in the columns of a row, and so not in its settings.
const COLUMNS: [&str; 9] =
    ["id", "fqdn", "port", "enabled", "transport", "addresses", "srtp", "codecs", "limits"];

/// What a value says beyond its columns.
pub(crate) fn settings(value: &impl Serialize, columns: &[&str]) -> Result<Value, Error> {
    let mut json = serde_json::to_value(value).map_err(Error::internal)?;
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|name, _| !columns.contains(&name.as_str()));
    }
    Ok(json)
}

/// A value from its columns and its settings.
pub(crate) fn join<T: Serialize + DeserializeOwned>(columns: &T, settings: Value) -> Result<T, Error> {
    let mut json = serde_json::to_value(columns).map_err(Error::internal)?;
    if let (Some(fields), Value::Object(more)) = (json.as_object_mut(), settings) {
        fields.extend(more);
    }
    serde_json::from_value(json).map_err(|error| Error::internal(store::Error::Unreadable(error.to_string())))
}

/// The row of a trunk that changed.
pub(crate) fn with(row: trunks::Trunk, trunk: &Trunk) -> Result<trunks::Trunk, Error> {
    let limit = |limit: u32| i32::try_from(limit).unwrap_or(i32::MAX);
    Ok(trunks::Trunk {
        port: i32::from(trunk.port),
        enabled: trunk.enabled,
        transport: word(&trunk.transport)?,
        addresses: serde_json::to_value(&trunk.addresses).map_err(Error::internal)?,
        srtp: word(&trunk.srtp)?,
        codecs: serde_json::to_value(&trunk.codecs).map_err(Error::internal)?,
        calls_per_second: limit(trunk.limits.calls_per_second),
        max_calls: limit(trunk.limits.max_calls),
        settings: settings(trunk, &COLUMNS)?,
        ..row
    })
}

/// The word that serde writes for a value of a closed set.
fn word(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value).map_err(Error::internal)? {
        Value::String(word) => Ok(word),
        other => Err(Error::internal(format!("{other} is no word"))),
    }
}

/// Seals the password with which a trunk's challenges are answered.
pub(super) fn seal(app: &App, row: &trunks::Trunk, password: &str) -> Vec<u8> {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let place = Place { tenant: &tenant, table: "trunks", column: "outbound_secret", id: &id };
    app.vault().seal(place, password.as_bytes())
}
