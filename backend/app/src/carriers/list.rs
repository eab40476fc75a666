//! The operator looks at the carriers.

use super::{CarrierView, Host, check};
use crate::{App, Error};
use domain::access::{Actor, Permission};

/// All carriers, by name. Operators only. Whether the simulated one is used, and where it is, is said as it is now.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<CarrierView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let rows = store::carriers::all(app.db().read(), &scope).await?;
    let live = app.live();
    rows.into_iter()
        .map(|row| {
            let mut view = check::view(row)?;
            if let Some(now) = live.config.carrier(view.id).filter(|carrier| carrier.sandbox) {
                let host = |host: &domain::config::CarrierHost| Host {
                    address: host.address.clone(),
                    port: host.port,
                    transport: host.transport,
                };
                view.enabled = now.enabled;
                view.hosts = now.hosts.iter().map(host).collect();
            }
            Ok(view)
        })
        .collect()
}
