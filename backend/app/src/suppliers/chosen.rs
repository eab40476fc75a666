//! Numbers that a tenant chose one by one, at suppliers from outside. Each is held under a step of its own, so that one of
//! them can be let go of by itself; and all of them under a reference of their own until the reservation takes them over.

use super::{
    NumberSupplier as _, Order, Outside, Query, forgive, outside::scope as platform, serving, together, undo,
};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::{numbering::NumberType, phone::E164};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Tx,
    stock::{self, Pattern, Stock, Wanted},
    suppliers::{self, RELEASING, Supplier},
};
use uuid::Uuid;

/// A number as a tenant saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The number.
    pub(crate) number: E164,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
    /// Its kind.
    pub(crate) number_type: NumberType,
}

/// Until when chosen numbers are held: here, and at most at their supplier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until {
    pub(crate) here: DateTime<Utc>,
    pub(crate) there: DateTime<Utc>,
}

/// What others hold for a tenant, and not yet for a reservation of it.
#[derive(Debug)]
pub(crate) struct Held {
    reference: Uuid,
    numbers: Vec<String>,
    /// Why a number is not held that somebody sells.
    pub(crate) refused: BTreeMap<String, String>,
}

/// Holds what others sell of the numbers, each at the cheapest that has it and holds it; `judge` says what is wrong with
/// one. Numbers that nobody sells, or that are in the stock, are passed over.
///
/// # Errors
/// [`Error::Internal`] where our own side fails; then nothing stays held.
pub(crate) async fn hold_chosen(
    app: &App,
    choices: &[Choice],
    until: Until,
    judge: &dyn Fn(&Choice, &Stock) -> Result<(), String>,
) -> Result<Held, Error> {
    let mut held = Held { reference: Uuid::now_v7(), numbers: Vec::new(), refused: BTreeMap::new() };
    let names: Vec<String> = choices.iter().map(|choice| choice.number.to_string()).collect();
    let here = stock::some(app.db().read(), &platform(), &names).await?;
    let here: BTreeSet<String> = here.into_iter().map(|row| row.e164).collect();
    let countries: BTreeSet<&str> = choices.iter().map(|choice| choice.country.as_str()).collect();
    let mut sellers: BTreeMap<&str, Vec<Supplier>> = BTreeMap::new();
    for country in countries {
        sellers.insert(country, serving(app, country).await?);
    }
    let missing = choices.iter().zip(&names).filter(|(_, name)| !here.contains(*name));
    let each = together::all(missing.map(async |(choice, name)| {
        let sellers = sellers.get(choice.country.as_str()).map_or(&[][..], Vec::as_slice);
        (name, hold_one(app, choice, sellers, (held.reference, until), judge).await)
    }));
    let mut failed = None;
    for (name, done) in each.await {
        match done {
            Ok(Tried::Held) => held.numbers.push(name.clone()),
            Ok(Tried::Refused(why)) => drop(held.refused.insert(name.clone(), why)),
            Ok(Tried::NotSold) => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        None => Ok(held),
        Some(error) => {
            held.give_back(app).await?;
            Err(error)
        }
    }
}

/// What came of a number.
enum Tried {
    Held,
    /// Somebody sells it and does not hold it.
    Refused(String),
    NotSold,
}

async fn hold_one(
    app: &App,
    choice: &Choice,
    sellers: &[Supplier],
    (reference, until): (Uuid, Until),
    judge: &dyn Fn(&Choice, &Stock) -> Result<(), String>,
) -> Result<Tried, Error> {
    let mut tried = Tried::NotSold;
    for (supplier, row) in sellers_of(app, choice, sellers).await? {
        if let Err(wrong) = judge(choice, &row) {
            tried = Tried::Refused(wrong);
            continue;
        }
        let numbers = [row];
        let order = Order { reference, numbers: &numbers, until: until.here, at_most: until.there };
        if forgive(&supplier, "hold", supplier.hold(&order).await)?.is_some() {
            return Ok(Tried::Held);
        }
        let why = "Its supplier does not hold it at this moment: choose another one.";
        tried = Tried::Refused(why.to_owned());
    }
    Ok(tried)
}

/// Who sells a number, cheapest first.
async fn sellers_of<'a>(
    app: &'a App,
    choice: &Choice,
    sellers: &[Supplier],
) -> Result<Vec<(Outside<'a>, Stock)>, Error> {
    let query = Query {
        wanted: Wanted {
            country: Some(choice.country.clone()),
            number_type: Some(choice.number_type.word().to_owned()),
            ..Wanted::default()
        },
        pattern: Pattern { prefixes: vec![choice.number.digits()], contains: String::new() },
        quantity: 1,
    };
    let asked = sellers.iter().map(async |row| {
        let supplier = Outside::new(app, row.clone());
        let found = supplier.search(&query).await;
        (supplier, found)
    });
    let mut offers = Vec::new();
    for (supplier, found) in together::all(asked).await {
        let found = forgive(&supplier, "search", found)?.unwrap_or_default();
        let same = found.into_iter().find(|row| row.e164 == choice.number.to_string());
        offers.extend(same.map(|row| (supplier, row)));
    }
    offers.sort_by_key(|(_, row)| (row.monthly_micros, row.cost_micros));
    Ok(offers)
}

/// A number as others sell it, the cheapest of them; `None` where nobody does.
///
/// # Errors
/// [`Error::Internal`] where our own side fails.
pub(crate) async fn offered(app: &App, choice: &Choice) -> Result<Option<Stock>, Error> {
    let sellers = serving(app, &choice.country).await?;
    Ok(sellers_of(app, choice, &sellers).await?.into_iter().next().map(|(_, row)| row))
}

impl Held {
    /// The reservation takes over what is held for it, within its transaction.
    ///
    /// # Errors
    /// [`Error::Internal`] where the database fails.
    pub(crate) async fn hand_over(&self, tx: &Tx, numbers: &[String], holder: Uuid) -> Result<(), Error> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        stock::hand_over(tx, &platform(), numbers, self.reference, holder).await?;
        for step in suppliers::of_reference(tx, &platform(), self.reference).await? {
            let held: Vec<String> = serde_json::from_value(step.numbers.clone()).map_err(Error::internal)?;
            if step.state == suppliers::HELD && held.iter().all(|number| numbers.contains(number)) {
                let step = suppliers::Order { reference: holder, ..step };
                suppliers::follow(tx, &platform(), step).await?;
            }
        }
        Ok(())
    }

    /// Gives back what no reservation took over.
    ///
    /// # Errors
    /// [`Error::Internal`] where the database fails.
    pub(crate) async fn give_back(&self, app: &App) -> Result<(), Error> {
        if self.numbers.is_empty() { Ok(()) } else { undo(app, self.reference).await }
    }
}

/// What a reservation lets go of leaves the stock where it is not the platform's own, and is given back by the job.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub(crate) async fn let_chosen_go(app: &App, tx: &Tx, holder: Uuid, numbers: &[String]) -> Result<(), Error> {
    if stock::drop_some_held(tx, &platform(), holder, numbers).await? == 0 {
        return Ok(());
    }
    let now = app.now();
    for step in suppliers::of_reference(tx, &platform(), holder).await? {
        let held: Vec<String> = serde_json::from_value(step.numbers.clone()).map_err(Error::internal)?;
        if step.state == suppliers::HELD && held.iter().all(|number| numbers.contains(number)) {
            let step = suppliers::Order {
                state: RELEASING.to_owned(),
                attempts: 0,
                next_at: now,
                updated_at: now,
                ..step
            };
            suppliers::follow(tx, &platform(), step).await?;
        }
    }
    Ok(())
}
