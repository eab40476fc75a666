//! One search over all suppliers: the cheapest first, the next where one has too few or fails, and everything let go where
//! it does not suffice.

use super::{Inventory, NumberSupplier, Order, Outside, Query, Shelf, SupplierError, together};
use crate::{App, Error};
use chrono::{DateTime, Utc};
use domain::access::Scope;
use std::collections::BTreeSet;
use store::{
    stock::{self, Stock},
    suppliers::Supplier,
};
use uuid::Uuid;

/// How often a supplier is searched again, when somebody else took what it had found.
const TRIES: usize = 5;

/// What a search over the suppliers came to.
#[derive(Debug)]
pub(crate) enum Acquired {
    /// All numbers that were wanted; they are held.
    All(Vec<Stock>),
    /// There are so many alone; none is held.
    Only(u64),
}

/// Holds as many numbers as are wanted, or none. A supplier that fails is passed over; what our own side fails at is an
/// error.
///
/// # Errors
/// [`SupplierError::Here`]; [`SupplierError::Gone`] where others kept taking what was found.
pub(crate) async fn acquire(
    suppliers: &[&dyn NumberSupplier],
    query: &Query,
    reference: Uuid,
    until: DateTime<Utc>,
) -> Result<Acquired, SupplierError> {
    let mut offers = Vec::new();
    let asked = suppliers.iter().map(|supplier| supplier.search(query));
    for (supplier, found) in suppliers.iter().zip(together::all(asked).await) {
        let found = forgive(*supplier, "search", found)?.unwrap_or_default();
        if let Some(price) = found.iter().map(|row| (row.monthly_micros, row.cost_micros)).min() {
            offers.push((price, *supplier, found));
        }
    }
    // Stable: of suppliers that are as cheap, the one that is named first.
    offers.sort_by_key(|(price, ..)| *price);
    let mut taken: Vec<(&dyn NumberSupplier, Vec<Stock>)> = Vec::new();
    let mut lost_races = false;
    for (_, supplier, found) in offers {
        let missing = (query.quantity as usize).saturating_sub(count(&taken));
        if missing == 0 {
            break;
        }
        let query = Query { quantity: u32::try_from(missing).unwrap_or(u32::MAX), ..query.clone() };
        match take(supplier, &query, found, reference, until).await? {
            Taken::Some(numbers) if !numbers.is_empty() => taken.push((supplier, numbers)),
            Taken::Some(_) => {}
            Taken::Raced => lost_races = true,
        }
    }
    let found = count(&taken);
    if found == query.quantity as usize {
        return Ok(Acquired::All(taken.into_iter().flat_map(|(_, numbers)| numbers).collect()));
    }
    for (supplier, numbers) in &taken {
        let order = Order { reference, numbers, until, at_most: until };
        forgive(*supplier, "release", supplier.release(&order).await)?;
    }
    if lost_races { Err(SupplierError::Gone) } else { Ok(Acquired::Only(found as u64)) }
}

/// What all suppliers would sell, each number once and the cheapest first; nothing is held. One that fails is passed over.
///
/// # Errors
/// [`Error::Internal`] where our own side fails.
pub(crate) async fn offers(
    app: &App,
    scope: &Scope,
    outside: Vec<Supplier>,
    query: &Query,
) -> Result<Vec<Stock>, Error> {
    let own = [Shelf::Own, Shelf::Sandbox].map(|shelf| Inventory::new(app, scope, None, shelf));
    let outside: Vec<Outside<'_>> = outside.into_iter().map(|row| Outside::new(app, row)).collect();
    let outside = outside.iter().map(|one| -> &dyn NumberSupplier { one });
    let all: Vec<&dyn NumberSupplier> =
        own.iter().map(|one| -> &dyn NumberSupplier { one }).chain(outside).collect();
    let mut found = Vec::new();
    for (supplier, numbers) in all.iter().zip(together::all(all.iter().map(|one| one.search(query))).await) {
        found.extend(forgive(*supplier, "search", numbers)?.unwrap_or_default());
    }
    let names: Vec<String> =
        found.iter().filter(|row| row.supplier_id.is_some()).map(|row| row.e164.clone()).collect();
    // What others sell and the platform has already is not to be had from them.
    let here =
        if names.is_empty() { Vec::new() } else { stock::some(app.db().read(), scope, &names).await? };
    let here: BTreeSet<&str> = here.iter().map(|row| row.e164.as_str()).collect();
    found.retain(|row| row.supplier_id.is_none() || !here.contains(row.e164.as_str()));
    found.sort_by(|one, other| (one.monthly_micros, &one.e164).cmp(&(other.monthly_micros, &other.e164)));
    let mut seen = BTreeSet::new();
    found.retain(|row| seen.insert(row.e164.clone()));
    Ok(found)
}

enum Taken {
    Some(Vec<Stock>),
    Raced,
}

/// Holds what one supplier has of it.
async fn take(
    supplier: &dyn NumberSupplier,
    query: &Query,
    mut found: Vec<Stock>,
    reference: Uuid,
    until: DateTime<Utc>,
) -> Result<Taken, SupplierError> {
    for _ in 0..TRIES {
        found.truncate(query.quantity as usize);
        if found.is_empty() {
            return Ok(Taken::Some(found));
        }
        match supplier.hold(&Order { reference, numbers: &found, until, at_most: until }).await {
            Ok(()) => return Ok(Taken::Some(found)),
            Err(SupplierError::Gone) => {}
            Err(error) => {
                forgive::<()>(supplier, "hold", Err(error))?;
                return Ok(Taken::Some(Vec::new()));
            }
        }
        found = forgive(supplier, "search", supplier.search(query).await)?.unwrap_or_default();
    }
    Ok(Taken::Raced)
}

fn count(taken: &[(&dyn NumberSupplier, Vec<Stock>)]) -> usize {
    taken.iter().map(|(_, numbers)| numbers.len()).sum()
}

/// A supplier's failure is its own: it is logged, and the others are asked.
///
/// # Errors
/// [`SupplierError::Here`]: what our own side fails at is not forgiven.
pub(crate) fn forgive<T>(
    supplier: &dyn NumberSupplier,
    step: &str,
    done: Result<T, SupplierError>,
) -> Result<Option<T>, SupplierError> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error @ SupplierError::Here(_)) => Err(error),
        Err(error) => {
            tracing::warn!(supplier = supplier.name(), step, %error, "a supplier of numbers failed: the next is asked");
            Ok(None)
        }
    }
}
