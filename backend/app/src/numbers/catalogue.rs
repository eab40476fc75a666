//! What is for sale: read from the stock, by kind.

use super::{Country, Filter, Locality, Offering, places, rows};
use crate::{App, Error, List, Window};
use domain::{
    access::{Actor, Permission, Scope},
    numbering::{AssignmentType, NumberType},
};
use std::collections::BTreeSet;
use store::stock::{Kind, Wanted, kinds};

/// The countries in which numbers are for sale.
///
/// # Errors
/// [`Error::Denied`].
pub async fn countries(app: &App, actor: &Actor, window: Window) -> Result<List<Country>, Error> {
    let found = read(app, actor, None, &Filter::default()).await?;
    let codes: BTreeSet<String> = found.into_iter().map(|kind| kind.country).collect();
    Ok(window.of(codes
        .into_iter()
        .map(|code| Country { localized_name: places::country(&code), country_code: code })))
}

/// The countries in which numbers are for sale, by code.
pub(crate) async fn countries_for_sale(app: &App) -> Result<BTreeSet<String>, Error> {
    let scope = Scope::system("what is for sale is everybody's to know");
    let found = kinds(app.db().read(), &scope, &Wanted::default()).await?;
    Ok(found.into_iter().map(|kind| kind.country).collect())
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
    let found = read(app, actor, Some(country), &filter).await?;
    let all: BTreeSet<Locality> = found
        .iter()
        .filter_map(|kind| {
            let name = Some(kind.locality.clone()).filter(|name| !name.is_empty())?;
            let administrative_division = places::state(&kind.country, &name);
            Some(Locality { localized_name: name, administrative_division })
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
    let found = read(app, actor, Some(country), &filter).await?;
    let all: BTreeSet<String> =
        found.into_iter().map(|kind| kind.area_code).filter(|code| !code.is_empty()).collect();
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
    let found = read(app, actor, Some(country), &filter).await?;
    let mut all: Vec<Offering> = Vec::new();
    for kind in &found {
        let number_type: NumberType = kind.number_type.parse().map_err(Error::internal)?;
        for assignment_type in
            uses(number_type).filter(|one| filter.assignment_type.is_none_or(|want| want == *one))
        {
            let offering = Offering {
                phone_number_type: number_type,
                assignment_type,
                available_capabilities: rows::capabilities(&kind.calling, &kind.sms)?,
                cost: rows::money(kind.monthly_micros, &kind.currency)?,
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

async fn read(app: &App, actor: &Actor, country: Option<&str>, filter: &Filter) -> Result<Vec<Kind>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let wanted = Wanted {
        country: country.map(str::to_uppercase),
        number_type: filter.number_type.map(|kind| kind.word().to_owned()),
        locality: filter.locality.clone(),
        ..Wanted::default()
    };
    let mut found = kinds(app.db().read(), &scope, &wanted).await?;
    found.retain(|kind| {
        let fits_use = filter.assignment_type.is_none_or(|want| {
            kind.number_type.parse().is_ok_and(|number_type| uses(number_type).any(|one| one == want))
        });
        fits_use && fits_state(kind, filter.administrative_division.as_deref())
    });
    Ok(found)
}

fn fits_state(kind: &Kind, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let state = places::state(&kind.country, &kind.locality);
    state.is_some_and(|(name, short)| short.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(wanted))
}
