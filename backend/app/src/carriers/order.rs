//! By what carriers with an equally long prefix are put in order.

use crate::{
    App, Error,
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{CARRIER_ORDER, CarrierOrder},
};
use store::platform;

/// The name under which it is kept.
pub(crate) const NAME: &str = "carrier-order";

/// The order: the first that tells two carriers apart decides. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn order(app: &App, actor: &Actor) -> Result<Vec<CarrierOrder>, Error> {
    actor.scope(Permission::Operate)?;
    read_order(app.db().read()).await
}

/// Puts another order into its place. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`].
pub async fn put_order(
    app: &App,
    actor: &Actor,
    order: Vec<CarrierOrder>,
) -> Result<Vec<CarrierOrder>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    check_order(&order)?;
    crate::platform::put(app, (actor, &scope), (NAME, "carrier.order"), &order, async |tx| {
        read_order(tx).await
    })
    .await?;
    refresh(app, Changed::Platform).await?;
    Ok(order)
}

/// Whether an order is one.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn check_order(order: &[CarrierOrder]) -> Result<(), Error> {
    let is_double = |index: usize, by: &CarrierOrder| order[..index].contains(by);
    if order.is_empty() || order.iter().enumerate().any(|(index, by)| is_double(index, by)) {
        let message = "give each of cost, quality, capacity and weight once at most, and one at least";
        return Err(Error::invalid("carrierOrder", message));
    }
    Ok(())
}

pub(crate) async fn read_order(on: &impl store::On) -> Result<Vec<CarrierOrder>, Error> {
    let scope = Scope::system("the order of carriers is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(CARRIER_ORDER.to_vec()),
    }
}
