//! A route and its row.

use crate::{
    Error,
    trunks::rows::{join, settings},
};
use domain::{
    access::Scope,
    ids::TenantId,
    routing::{RouteTarget, VoiceRoute},
};
use serde_json::{Value, json};
use store::{Tx, trunks};
use uuid::Uuid;

/// What stands in the columns of a row, and so not in its settings.
const COLUMNS: [&str; 4] = ["name", "description", "numberPattern", "callerIdOverride"];

/// Puts routes into the place of all that a tenant has.
pub(crate) async fn put(
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    routes: &[VoiceRoute],
) -> Result<(), Error> {
    let row = |(position, route)| row(tenant, position, route);
    let rows = routes.iter().enumerate().map(row).collect::<Result<_, Error>>()?;
    Ok(trunks::replace_routes(tx, scope, tenant, rows).await?)
}

fn row(tenant: TenantId, position: usize, route: &VoiceRoute) -> Result<trunks::Route, Error> {
    let names: Vec<&str> = route.targets.iter().map(|target| target.fqdn.as_str()).collect();
    Ok(trunks::Route {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        name: route.name.clone(),
        description: route.description.clone(),
        number_pattern: route.number_pattern.clone(),
        trunks: json!(names),
        caller_id_override: route.caller_id_override.clone(),
        settings: settings(route, &COLUMNS)?,
    })
}

/// The route of a row.
pub(crate) fn read(row: trunks::Route) -> Result<VoiceRoute, Error> {
    let targets: Vec<RouteTarget> = crate::snapshot::load::read("routes.trunks", row.trunks)?;
    let route = VoiceRoute {
        name: row.name,
        description: row.description,
        number_pattern: row.number_pattern,
        targets,
        caller_id_override: row.caller_id_override,
        ..VoiceRoute::default()
    };
    match row.settings {
        Value::Object(fields) if fields.is_empty() => Ok(route),
        settings => join(&route, settings),
    }
}
