//! Lists of top-ups.

use super::TopUpView;
use crate::{App, Error, Page, PageRequest};
use domain::access::{Actor, Permission, Scope};

/// The top-ups of the actor's tenant, newest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<TopUpView>, Error> {
    of(app, &actor.scope(Permission::ReadMoney)?, page).await
}

/// The top-ups of all tenants, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn all(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<TopUpView>, Error> {
    of(app, &actor.scope(Permission::Operate)?, page).await
}

async fn of(app: &App, scope: &Scope, page: &PageRequest) -> Result<Page<TopUpView>, Error> {
    let rows = store::top_ups::list(app.db().read(), scope, page.key()?, page.limit()).await?;
    let views = rows.into_iter().map(TopUpView::of).collect::<Result<Vec<_>, _>>()?;
    Ok(page.cut(views, |view: &TopUpView| view.id.to_string()))
}
