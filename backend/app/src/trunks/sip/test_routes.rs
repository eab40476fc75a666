//! Which routes a number would take.

use super::{SipRoute, read::configuration, rows};
use crate::{App, Error, trunks::check};
use domain::{
    access::{Actor, Permission},
    phone::{Dialled, E164},
    routing::{RouteTable, VoiceRoute, test_routes},
};
use std::collections::BTreeSet;

/// A configuration to test. What is left out is as the tenant has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SipProbe {
    /// Names of the trunks.
    pub trunks: Option<Vec<String>>,
    /// All routes.
    pub routes: Option<Vec<SipRoute>>,
}

/// The routes that match a number, in the order in which they are tried. Nothing is changed.
///
/// # Errors
/// [`Error::Invalid`] where the number is none, or with the inner codes of the protocol where the configuration is
/// not one that could be set.
pub async fn sip_test_routes(
    app: &App,
    actor: &Actor,
    number: &str,
    probe: SipProbe,
) -> Result<Vec<SipRoute>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    let number = target(number)?;
    let now = configuration(app.db().read(), &scope).await?;
    let names: BTreeSet<String> = match &probe.trunks {
        Some(names) => names.iter().map(|name| check::fqdn(name)).collect::<Result<_, Error>>()?,
        None => now.trunks.into_keys().collect(),
    };
    let routes = probe.routes.unwrap_or(now.routes);
    check::routes(&routes, &names)?;
    let made: Vec<VoiceRoute> = routes.iter().map(|route| rows::route(route, &[], true)).collect();
    let found = test_routes(&made, &RouteTable::compile(&made), &number, app.now());
    Ok(found.into_iter().filter_map(|found| routes.get(found.index).cloned()).collect())
}

/// A number in full. A `+` that was not written as `%2B` in a query arrives as a space.
fn target(text: &str) -> Result<Dialled, Error> {
    let text = text.strip_prefix(' ').map_or_else(|| text.to_owned(), |digits| format!("+{digits}"));
    let number =
        E164::parse(&text).map_err(|error| Error::invalid("targetPhoneNumber", error.to_string()))?;
    Dialled::parse(&number.to_string())
        .ok_or_else(|| Error::invalid("targetPhoneNumber", "give a number in full"))
}
