//! A tenant looks at its numbers.

use super::{OwnedNumber, rows};
use crate::{App, Error, List, Window};
use domain::access::{Actor, Permission};

/// The numbers of the actor's tenant, in order.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<OwnedNumber>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let found = store::leases::list(app.db().read(), &scope, window.passed(), window.fetch()).await?;
    Ok(window.cut(found.iter().map(rows::owned).collect::<Result<_, _>>()?))
}
