//! What a tenant may use, as it is told.

use super::{Agreement, Connection, Said, Terms, read_policy, regions::read_regions};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    config::Access,
    ids::TenantId,
};
use std::collections::BTreeSet;

/// Whether a way of connection is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// Whether it is.
    pub allowed: bool,
    /// Why it is not, and what to do; or by what it is.
    pub why: String,
}

/// Whether numbers of a country can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCountry {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Whether they can.
    pub access: ConnectionView,
}

/// What a tenant may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EligibilityView {
    /// Its agreement.
    pub agreement: Agreement,
    /// Its country, where it was said.
    pub country: Option<String>,
    /// Numbers and calls of the platform's carriers.
    pub cloud_calling: ConnectionView,
    /// Numbers by country: those that are for sale, and those that a rule names.
    pub numbers: Vec<NumberCountry>,
    /// Its own trunks.
    pub direct_routing: ConnectionView,
}

/// What the actor's tenant may use.
///
/// # Errors
/// [`Error::Denied`].
pub async fn view(app: &App, actor: &Actor) -> Result<EligibilityView, Error> {
    let scope = actor.scope(Permission::ReadTenant)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    of(app, &scope, id).await
}

/// What a tenant may use, as the operator sees it.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn view_of(app: &App, actor: &Actor, id: TenantId) -> Result<(Terms, EligibilityView), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let row = store::tenants::get(app.db().read(), &scope, id).await?.ok_or_else(no_tenant)?;
    Ok((Terms::of(&row)?, of(app, &scope, id).await?))
}

async fn of(app: &App, scope: &Scope, id: TenantId) -> Result<EligibilityView, Error> {
    let on = app.db().read();
    let row = store::tenants::get(on, scope, id).await?.ok_or_else(no_tenant)?;
    let said =
        Said { terms: Terms::of(&row)?, policy: read_policy(on).await?, regions: read_regions(on).await? };
    let connection = |connection| said.policy.access(&said.terms, connection, None);
    let for_sale = crate::numbers::countries_for_sale(app).await?;
    let numbers = named(&said, for_sale)
        .into_iter()
        .map(|country| {
            let access = shown(said.numbers(&country), "numbers of this country can be bought");
            NumberCountry { country, access }
        })
        .collect();
    Ok(EligibilityView {
        cloud_calling: shown(
            connection(Connection::CloudCalling),
            "numbers can be bought, and calls go over the platform's carriers",
        ),
        direct_routing: shown(
            connection(Connection::DirectRouting),
            "session border controllers of your own can be connected as trunks",
        ),
        numbers,
        agreement: said.terms.agreement,
        country: said.terms.country,
    })
}

fn named(said: &Said, for_sale: BTreeSet<String>) -> BTreeSet<String> {
    let rules = said.policy.rules.iter().flat_map(|rule| rule.number_countries.iter().cloned());
    let regions = said.regions.regions.iter().map(|region| region.number_country.clone());
    for_sale.into_iter().chain(rules).chain(regions).collect()
}

fn shown(access: Access, otherwise: &str) -> ConnectionView {
    match access {
        Access::Allowed => ConnectionView { allowed: true, why: otherwise.to_owned() },
        Access::NotAllowed { why } => ConnectionView { allowed: false, why },
    }
}

fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
