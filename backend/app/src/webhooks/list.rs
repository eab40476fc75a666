//! A tenant looks at its subscriptions.

use super::{WebhookView, find, view::view};
use crate::{App, Error, Page, PageRequest};
use domain::access::{Actor, Permission};
use uuid::Uuid;

/// The subscriptions of the actor's tenant, oldest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<WebhookView>, Error> {
    let scope = actor.scope(Permission::ReadEvents)?;
    let rows = store::webhooks::list(app.db().read(), &scope, page.key()?, page.limit()).await?;
    let now = app.now();
    let views = rows.iter().map(|row| view(row, now)).collect::<Result<Vec<_>, _>>()?;
    Ok(page.cut(views, |view| view.id.to_string()))
}

/// One of them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<WebhookView, Error> {
    let scope = actor.scope(Permission::ReadEvents)?;
    view(&find(app.db().read(), &scope, id).await?, app.now())
}
