//! A tenant looks at its numbers.

use super::{OwnedNumber, rows};
use crate::{App, Error, List, Page, PageRequest, Window, window::SKIP_MAX};
use domain::{
    access::{Actor, Permission},
    phone::E164,
};

/// The numbers of the actor's tenant, in order.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<OwnedNumber>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let found = store::leases::list(app.db().read(), &scope, window.passed(), window.fetch()).await?;
    Ok(window.cut(found.iter().map(rows::owned).collect::<Result<_, _>>()?))
}

/// A page of the numbers of the actor's tenant, in order: what is bought or released meanwhile neither repeats nor hides
/// another. `skip` are passed over, as the data plane's protocol asks for it.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn page(
    app: &App,
    actor: &Actor,
    skip: u64,
    page: &PageRequest,
) -> Result<Page<OwnedNumber>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let after = page.key::<E164>()?.map(|number| number.to_string());
    let found = store::leases::list_after(
        app.db().read(),
        &scope,
        after.as_deref(),
        skip.min(SKIP_MAX),
        page.limit(),
    )
    .await?;
    let found = found.iter().map(rows::owned).collect::<Result<_, _>>()?;
    Ok(page.cut(found, |owned: &OwnedNumber| owned.number.to_string()))
}
