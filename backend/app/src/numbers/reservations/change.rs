//! A tenant makes a reservation, puts numbers into it, and takes some out.

use super::{
    RESERVATION_MINUTES, RESERVATION_MINUTES_MAX, RESERVATION_NUMBERS_MAX, RESERVATIONS_ACTIVE_MAX,
    Reservation, ReservationStatus, ReservedNumber, ReservedStatus, items, items::Item, over,
};
use crate::{
    App, Error,
    audit::{self, Change},
    eligibility,
    numbers::{Tariff, catalogue::uses, rows},
    suppliers::{self, Choice, Until},
};
use chrono::{DateTime, Duration, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
    numbering::{AssignmentType, Capabilities, NumberType},
    phone::E164,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{
    Tx,
    reservations::{self, ACTIVE},
    stock::{self, Stock},
};
use uuid::Uuid;

/// The code of a number that could not be put into a reservation.
const FAILED: &str = "FailedToReserveNumber";
/// The protocol's sentence for it.
const FAILED_TEXT: &str = "Failed to add the number to the reservation.";

/// A number that is to be held, as the tenant saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNumber {
    /// The number.
    pub number: E164,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its kind.
    pub number_type: NumberType,
    /// The use.
    pub assignment_type: AssignmentType,
    /// What it is to do.
    pub capabilities: Capabilities,
}

/// What is to change of a reservation. A number that is in it already, or was never in it, is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservationChange {
    /// Numbers that are to be held.
    pub add: Vec<WantedNumber>,
    /// Numbers that are to be let go of.
    pub remove: Vec<E164>,
}

/// A changed reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// As it is now, without what could not be held.
    pub reservation: Reservation,
    /// What could not be held, and why.
    pub failed: Vec<ReservedNumber>,
    /// Whether it was made by this change.
    pub created: bool,
}

/// Changes a reservation of the actor's tenant, and makes it where there is none of that name. What can be held is held;
/// the others are told one by one. It holds its numbers for 15 minutes more, two hours at most in all.
///
/// # Errors
/// [`Error::Conflict`] where it is over, [`Error::TooMany`] where the tenant holds too much already.
pub async fn reserve(
    app: &App,
    actor: &Actor,
    id: Uuid,
    change: ReservationChange,
) -> Result<Reserved, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = rows::active(app, scope.tenant())?;
    let refused = refusals(app, &scope, &change.add).await?;
    let outside = outside(app, &scope, id, &change.add, &refused).await?;
    let holder = Holder { app, scope: &scope, tenant, name: &actor.name, refused, outside: &outside };
    let changed = app.db().write::<_, Error, _>(async |tx| holder.change(tx, id, &change).await).await;
    outside.give_back(app).await?;
    changed
}

/// Holds what others sell of the numbers, ahead of the transaction that puts them into the reservation.
async fn outside(
    app: &App,
    scope: &Scope,
    id: Uuid,
    add: &[WantedNumber],
    refused: &BTreeMap<String, String>,
) -> Result<suppliers::Held, Error> {
    let known = reservations::named(app.db().read(), scope, id).await?;
    let there = known.as_ref().map(items::read).transpose()?.unwrap_or_default();
    let is_open = match &known {
        Some(row) => items::status(app, row)? == ReservationStatus::Active,
        None => true,
    };
    let free = if is_open { RESERVATION_NUMBERS_MAX.saturating_sub(there.len()) } else { 0 };
    let new = add.iter().filter(|wanted| {
        !refused.contains_key(&wanted.country) && there.iter().all(|item| item.number != wanted.number)
    });
    let choices: Vec<Choice> = new.take(free).map(WantedNumber::choice).collect();
    let (now, made) = (app.now(), known.map_or_else(|| app.now(), |row| row.created_at));
    // A supplier is asked for the longest that a reservation may live: here it may end earlier.
    let until = Until { here: until(made, now), there: made + Duration::minutes(RESERVATION_MINUTES_MAX) };
    let judge = |choice: &Choice, row: &Stock| {
        let wanted = add.iter().find(|wanted| wanted.number == choice.number);
        wanted.map_or(Ok(()), |wanted| suits(wanted, row))
    };
    suppliers::hold_chosen(app, &choices, until, &judge).await
}

impl WantedNumber {
    pub(super) fn choice(&self) -> Choice {
        Choice { number: self.number, country: self.country.clone(), number_type: self.number_type }
    }
}

/// Why the tenant may not have numbers of a country, for each where that is so.
async fn refusals(app: &App, scope: &Scope, add: &[WantedNumber]) -> Result<BTreeMap<String, String>, Error> {
    let countries: BTreeSet<&str> = add.iter().map(|wanted| wanted.country.as_str()).collect();
    let mut refused = BTreeMap::new();
    for country in countries {
        match eligibility::check_numbers(app, scope, country).await {
            Ok(()) => {}
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => {
                refused.insert(country.to_owned(), error.to_string());
            }
        }
    }
    Ok(refused)
}

struct Holder<'a> {
    app: &'a App,
    scope: &'a Scope,
    tenant: TenantId,
    name: &'a str,
    refused: BTreeMap<String, String>,
    /// What others hold for this change.
    outside: &'a suppliers::Held,
}

impl Holder<'_> {
    async fn change(&self, tx: &Tx, id: Uuid, change: &ReservationChange) -> Result<Reserved, Error> {
        let known = reservations::lock(tx, self.scope, id).await?;
        let created = known.is_none();
        let mut row = match known {
            Some(row) => row,
            None => self.new_row(tx, id).await?,
        };
        let status = items::status(self.app, &row)?;
        if status != ReservationStatus::Active {
            return Err(over(status));
        }
        let now = self.app.now();
        row.expires_at = until(row.created_at, now);
        let before = items::read(&row)?;
        let mut kept = before.clone();
        self.take_out(tx, &row, &mut kept, &change.remove).await?;
        let failed = self.put_in(tx, &row, &mut kept, &change.add).await?;
        stock::hold_on(tx, self.scope, row.id, row.expires_at).await?;
        row.updated_at = now;
        items::write(&mut row, &kept)?;
        if created {
            reservations::insert(tx, self.scope, row.clone()).await?;
        } else {
            reservations::update(tx, self.scope, row.clone()).await?;
        }
        self.record(tx, id, &before, &kept).await?;
        Ok(Reserved { reservation: items::view(self.app, &row)?, failed, created })
    }

    async fn new_row(&self, tx: &Tx, id: Uuid) -> Result<reservations::Reservation, Error> {
        if reservations::count_active(tx, self.scope).await? >= RESERVATIONS_ACTIVE_MAX {
            let message = "too many reservations hold numbers: buy or delete some, or wait until they expire"
                .to_owned();
            return Err(Error::TooMany { message, retry_after: 60 });
        }
        let now = self.app.now();
        Ok(reservations::Reservation {
            id: Uuid::now_v7(),
            tenant_id: self.tenant.0,
            public_id: id,
            state: ACTIVE.to_owned(),
            items: Value::Array(Vec::new()),
            created_at: now,
            updated_at: now,
            expires_at: until(now, now),
        })
    }

    async fn take_out(
        &self,
        tx: &Tx,
        row: &reservations::Reservation,
        kept: &mut Vec<Item>,
        remove: &[E164],
    ) -> Result<(), Error> {
        let (gone, rest): (Vec<Item>, Vec<Item>) =
            kept.drain(..).partition(|item| remove.contains(&item.number));
        *kept = rest;
        let gone: Vec<String> = gone.iter().map(|item| item.number.to_string()).collect();
        if !gone.is_empty() {
            stock::let_some_go(tx, self.scope, row.id, &gone).await?;
            suppliers::let_chosen_go(self.app, tx, row.id, &gone).await?;
        }
        Ok(())
    }

    /// Holds what can be held, and answers the others with what is in their way.
    async fn put_in(
        &self,
        tx: &Tx,
        row: &reservations::Reservation,
        kept: &mut Vec<Item>,
        add: &[WantedNumber],
    ) -> Result<Vec<ReservedNumber>, Error> {
        let new = |wanted: &&WantedNumber| kept.iter().all(|item| item.number != wanted.number);
        let add: Vec<&WantedNumber> = add.iter().filter(new).collect();
        let numbers: Vec<String> = add.iter().map(|wanted| wanted.number.to_string()).collect();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let found = stock::some(tx, self.scope, &numbers).await?;
        let found: BTreeMap<&str, &Stock> = found.iter().map(|row| (row.e164.as_str(), row)).collect();
        let mut failed = Vec::new();
        let mut fitting = Vec::new();
        for (wanted, number) in add.into_iter().zip(&numbers) {
            let free = RESERVATION_NUMBERS_MAX.saturating_sub(kept.len() + fitting.len());
            match self.judge(wanted, found.get(number.as_str()).copied(), free) {
                Ok(stock) => fitting.push((wanted, stock)),
                Err(why) => failed.push(unheld(wanted, &why)),
            }
        }
        let wanted: Vec<String> = fitting.iter().map(|(_, row)| row.e164.clone()).collect();
        stock::hold(tx, self.scope, &wanted, row.id, row.expires_at).await?;
        self.outside.hand_over(tx, &wanted, row.id).await?;
        let held: BTreeSet<String> =
            stock::held_by(tx, self.scope, row.id).await?.into_iter().map(|row| row.e164).collect();
        let tariff = Tariff::of(self.app, Some(self.tenant));
        for (wanted, stock) in fitting {
            if held.contains(&stock.e164) {
                kept.push(Item::new(wanted, &tariff.priced(stock.clone())));
            } else {
                failed.push(unheld(wanted, "It is not for sale at this moment: choose another one."));
            }
        }
        kept.sort_by_key(|item| item.number);
        Ok(failed)
    }

    /// The stock's row of a number that can be what is wanted; else why not.
    fn judge<'a>(
        &self,
        wanted: &WantedNumber,
        row: Option<&'a Stock>,
        free: usize,
    ) -> Result<&'a Stock, String> {
        if free == 0 {
            return Err(format!("A reservation holds {RESERVATION_NUMBERS_MAX} numbers at most."));
        }
        if let Some(why) = self.refused.get(&wanted.country) {
            return Err(why.clone());
        }
        let Some(row) = row else {
            let why = self.outside.refused.get(&wanted.number.to_string()).cloned();
            return Err(why.unwrap_or_else(|| "It is not for sale here: browse for one that is.".to_owned()));
        };
        suits(wanted, row).map(|()| row)
    }

    async fn record(&self, tx: &Tx, id: Uuid, before: &[Item], after: &[Item]) -> Result<(), Error> {
        let numbers = |items: &[Item]| json!(items.iter().map(|item| item.number).collect::<Vec<_>>());
        let change = Change {
            actor: self.name,
            tenant: Some(self.tenant),
            what: "reservation.update",
            target: &id.to_string(),
            before: numbers(before),
            after: numbers(after),
        };
        audit::record(self.app, tx, self.scope, change).await
    }
}

/// Whether a number can be what is wanted of it.
fn suits(wanted: &WantedNumber, row: &Stock) -> Result<(), String> {
    if row.country != wanted.country || row.number_type != wanted.number_type.word() {
        return Err(format!("It is a {} number of {}.", row.number_type, row.country));
    }
    if !uses(wanted.number_type).any(|one| one == wanted.assignment_type) {
        return Err("A number of this type has no such assignmentType.".to_owned());
    }
    let able = rows::capabilities(&row.calling, &row.sms).map_err(|error| error.to_string())?;
    let wants = wanted.capabilities;
    if !able.calling.covers(wants.calling) || !able.sms.covers(wants.sms) {
        return Err(format!("It does no more than calling {} and sms {}.", row.calling, row.sms));
    }
    Ok(())
}

/// Until when a reservation holds its numbers that is changed now.
fn until(created: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let last = created + Duration::minutes(RESERVATION_MINUTES_MAX);
    (now + Duration::minutes(RESERVATION_MINUTES)).min(last)
}

fn unheld(wanted: &WantedNumber, why: &str) -> ReservedNumber {
    ReservedNumber {
        number: wanted.number,
        country_code: wanted.country.clone(),
        number_type: wanted.number_type,
        assignment_type: wanted.assignment_type,
        capabilities: wanted.capabilities,
        monthly: None,
        status: ReservedStatus::Error,
        error: Some((FAILED.to_owned(), format!("{FAILED_TEXT} {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_holds_on_for_fifteen_minutes_and_for_two_hours_in_all_at_most() {
        let made = DateTime::<Utc>::UNIX_EPOCH;
        let minutes = |n| Duration::minutes(n);
        for (changed, end) in [(0, 15), (10, 25), (105, 120), (106, 120), (119, 120)] {
            assert_eq!(until(made, made + minutes(changed)), made + minutes(end), "changed after {changed}");
        }
    }
}
