//! What is for sale: read from the stock, by kind.

use super::{Country, Filter, Locality, Offering, Tariff, places, rows};
use crate::{App, Error, List, Window};
use domain::{
    access::{Actor, Permission, Scope},
    money::Money,
    numbering::{AssignmentType, NumberType},
};
use std::collections::BTreeSet;
use store::stock::{self, Wanted};

/// All types of number.
const TYPES: [NumberType; 3] = [NumberType::Geographic, NumberType::TollFree, NumberType::Mobile];

/// The countries in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn countries(app: &App, actor: &Actor, window: Window) -> Result<List<Country>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let codes = stock::countries(app.db().read(), &scope).await?;
    Ok(window.of(codes
        .into_iter()
        .map(|code| Country { localized_name: places::country(&code), country_code: code })))
}

/// The countries in which numbers are for sale, by code.
pub(crate) async fn countries_for_sale(app: &App) -> Result<BTreeSet<String>, Error> {
    let scope = Scope::system("what is for sale is everybody's to know");
    Ok(stock::countries(app.db().read(), &scope).await?.into_iter().collect())
}

/// The places of a country in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn localities(
    app: &App,
    actor: &Actor,
    country: &str,
    filter: Filter,
    window: Window,
) -> Result<List<Locality>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let Some(wanted) = wanted(country, &filter) else { return Ok(window.of([])) };
    let country = country.to_uppercase();
    let found = stock::localities(app.db().read(), &scope, &wanted).await?;
    let all: BTreeSet<Locality> = found
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(|name| {
            let administrative_division = places::state(&country, &name);
            Locality { localized_name: name, administrative_division }
        })
        .collect();
    Ok(window.of(all))
}

/// The area codes of a country in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn area_codes(
    app: &App,
    actor: &Actor,
    country: &str,
    filter: Filter,
    window: Window,
) -> Result<List<String>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let Some(wanted) = wanted(country, &filter) else { return Ok(window.of([])) };
    let found = stock::area_codes(app.db().read(), &scope, &wanted).await?;
    let all: BTreeSet<String> = found.into_iter().filter(|code| !code.is_empty()).collect();
    Ok(window.of(all))
}

/// What is for sale in a country: kinds, uses, capabilities, prices.
///
/// # Errors
/// [`Error::Denied`].
pub async fn offerings(
    app: &App,
    actor: &Actor,
    country: &str,
    filter: Filter,
    window: Window,
) -> Result<List<Offering>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let Some(wanted) = wanted(country, &filter) else { return Ok(window.of([])) };
    let mut all: Vec<Offering> = Vec::new();
    let tariff = Tariff::of(app, scope.tenant());
    for kind in stock::offers(app.db().read(), &scope, &wanted).await? {
        let cost = match tariff.says(&country.to_uppercase(), &kind.number_type) {
            Some((price, currency)) => Money::new(price.monthly_micros, currency),
            None => rows::money(kind.monthly_micros, &kind.currency)?,
        };
        let number_type: NumberType = kind.number_type.parse().map_err(Error::internal)?;
        for assignment_type in
            uses(number_type).filter(|one| filter.assignment_type.is_none_or(|want| want == *one))
        {
            let offering = Offering {
                phone_number_type: number_type,
                assignment_type,
                available_capabilities: rows::capabilities(&kind.calling, &kind.sms)?,
                cost,
            };
            if !all.contains(&offering) {
                all.push(offering);
            }
        }
    }
    Ok(window.of(all))
}

/// What a kind of number may be used for: toll-free numbers are for programs alone.
pub(super) fn uses(number_type: NumberType) -> impl Iterator<Item = AssignmentType> {
    [AssignmentType::Person, AssignmentType::Application]
        .into_iter()
        .filter(move |one| number_type != NumberType::TollFree || *one == AssignmentType::Application)
}

/// What of the stock a filter leaves; `None` where that is nothing.
fn wanted(country: &str, filter: &Filter) -> Option<Wanted> {
    let country = country.to_uppercase();
    let fits_use =
        |kind: NumberType| filter.assignment_type.is_none_or(|want| uses(kind).any(|one| one == want));
    let fits = |kind: &NumberType| filter.number_type.is_none_or(|want| want == *kind) && fits_use(*kind);
    let number_types: Vec<String> =
        TYPES.into_iter().filter(fits).map(|kind| kind.word().to_owned()).collect();
    if number_types.is_empty() {
        return None;
    }
    let state = filter.administrative_division.as_deref();
    let localities = state.map(|state| places::of_state(&country, state));
    if localities.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    Some(Wanted {
        country: Some(country),
        number_types,
        locality: filter.locality.clone(),
        localities: localities.unwrap_or_default(),
        ..Wanted::default()
    })
}
