//! What a search or reservation holds is bought at its suppliers, ahead of the transaction that makes it the tenant's; and
//! given back where that transaction does not come about.

use super::{Inventory, NumberSupplier, Order, Shelf, SupplierError};
use crate::{App, Error};
use domain::access::Scope;
use store::stock::{self, Stock};
use uuid::Uuid;

/// Buys everything that a reference holds at the suppliers that it comes from. To be asked before leases are written; what
/// was bought already is not bought again. Where one supplier fails, what the others sold is given back.
///
/// # Errors
/// [`Error::Conflict`] where something is not to be had any more.
pub(crate) async fn buy(app: &App, scope: &Scope, reference: Uuid) -> Result<(), Error> {
    let held = stock::held_by(app.db().read(), scope, reference).await?;
    let inventory = Inventory::new(app, scope, None, Shelf::Own);
    let own: Vec<Stock> = held.into_iter().filter(|row| row.supplier_id.is_none()).collect();
    let Some(until) = own.iter().filter_map(|row| row.held_until).min() else { return Ok(()) };
    let order = Order { reference, numbers: &own, until };
    inventory.buy(&order).await.map_err(|error| match error {
        SupplierError::Here(error) => error,
        SupplierError::Gone => lapsed(),
    })
}

fn lapsed() -> Error {
    Error::conflict(
        "searchId",
        "these numbers are not held any more: search again, and buy within 16 minutes",
    )
}
