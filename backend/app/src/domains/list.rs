//! A tenant looks at its domains.

use super::{DomainView, change::find, view};
use crate::{App, Error};
use domain::access::{Actor, Permission};

/// The domains of the actor's tenant; [`DOMAINS_MAX`](super::DOMAINS_MAX) at most.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<DomainView>, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    Ok(store::trunks::domains(app.db().read(), &scope).await?.iter().map(view).collect())
}

/// A domain of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, name: &str) -> Result<DomainView, Error> {
    let scope = actor.scope(Permission::ReadRouting)?;
    Ok(view(&find(app.db().read(), &scope, name).await?))
}
