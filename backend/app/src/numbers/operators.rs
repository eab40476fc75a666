//! What is known of any number: how it is written, and, where it is asked for, its kind, country and operator. Nothing is
//! guessed: what neither the country's plan nor the stock says is left out.

use crate::{App, Error, carriers::sandbox_id};
use domain::{
    access::{Actor, Permission},
    country, notation,
    numbering::NumberType,
    phone::E164,
};
use std::collections::BTreeMap;
use store::stock::{self, Stock};

/// Numbers of one request at most.
pub const LOOKUP_MAX: usize = 100;

/// What is known of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorInformation {
    /// The number.
    pub number: E164,
    /// As it is written at home, where that is known.
    pub national_format: Option<String>,
    /// As it is written abroad.
    pub international_format: String,
    /// What was asked for beyond that.
    pub details: Option<OperatorDetails>,
}

/// What is known of a number's kind and operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorDetails {
    /// ISO 3166-1 alpha-2.
    pub country: Option<&'static str>,
    /// Its kind.
    pub number_type: Option<NumberType>,
    /// Who operates it. That of the operator's other carriers is the operator's own business.
    pub operator: Option<String>,
}

/// What is known of numbers, in the order in which they are asked for.
///
/// # Errors
/// [`Error::Invalid`] for none, or more than [`LOOKUP_MAX`].
pub async fn lookup(
    app: &App,
    actor: &Actor,
    numbers: &[E164],
    details: bool,
) -> Result<Vec<OperatorInformation>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    if numbers.is_empty() || numbers.len() > LOOKUP_MAX {
        return Err(Error::invalid("phoneNumbers", format!("ask for 1 to {LOOKUP_MAX} numbers at a time")));
    }
    let mut stock = BTreeMap::new();
    if details {
        let names: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let rows = stock::some(app.db().read(), &scope, &names).await?;
        stock.extend(rows.into_iter().map(|row| (row.e164.clone(), row)));
    }
    numbers
        .iter()
        .map(|number| {
            let written = notation::of(*number);
            let known = stock.get(&number.to_string());
            Ok(OperatorInformation {
                number: *number,
                national_format: written.national,
                international_format: written.international,
                details: details.then(|| known_of(app, *number, known)).transpose()?,
            })
        })
        .collect()
}

fn known_of(app: &App, number: E164, row: Option<&Stock>) -> Result<OperatorDetails, Error> {
    let stocked = row.map(|row| row.number_type.parse().map_err(Error::internal)).transpose()?;
    let of_sandbox = row.is_some_and(|row| row.carrier_id == sandbox_id().0);
    let live = app.live();
    let carriers = &live.config.platform.value.carriers;
    let sandbox = carriers.iter().find(|carrier| carrier.id == sandbox_id()).filter(|_| of_sandbox);
    Ok(OperatorDetails {
        country: country::of(number),
        number_type: stocked.or_else(|| notation::kind(number)),
        operator: sandbox.map(|carrier| carrier.name.clone()),
    })
}
