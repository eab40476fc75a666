//! The operator looks at the carriers.

use super::{CarrierView, change::no_carrier, rows};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    ids::CarrierId,
};

/// All carriers, by name. Operators only. Whether the simulated one is used, and where it is, is said as it is now.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<CarrierView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let all = store::carriers::all(app.db().read(), &scope).await?;
    let live = app.live();
    all.into_iter()
        .map(|row| {
            let has_password = row.outbound_secret.is_some();
            let mut carrier = rows::read(row)?;
            if let Some(now) = live.config.carrier(carrier.id).filter(|carrier| carrier.sandbox) {
                carrier.enabled = now.enabled;
                carrier.hosts.clone_from(&now.hosts);
            }
            Ok(CarrierView { carrier, has_password })
        })
        .collect()
}

/// A carrier. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: CarrierId) -> Result<CarrierView, Error> {
    list(app, actor).await?.into_iter().find(|view| view.carrier.id == id).ok_or_else(no_carrier)
}
