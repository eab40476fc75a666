//! One search over all suppliers: the cheapest first, the next where one has too few or fails, and everything let go where
//! it does not suffice.

use super::{NumberSupplier, Order, Query, SupplierError};
use chrono::{DateTime, Utc};
use store::stock::Stock;
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
    for supplier in suppliers {
        let found = forgive(*supplier, "search", supplier.search(query).await)?.unwrap_or_default();
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
        let order = Order { reference, numbers, until };
        forgive(*supplier, "release", supplier.release(&order).await)?;
    }
    if lost_races { Err(SupplierError::Gone) } else { Ok(Acquired::Only(found as u64)) }
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
        match supplier.hold(&Order { reference, numbers: &found, until }).await {
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
fn forgive<T>(
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
