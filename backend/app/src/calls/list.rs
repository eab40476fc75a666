//! The records of a tenant's calls.

use super::view::CallView;
use crate::{App, Error, Page, PageRequest};
use domain::{
    access::{Actor, Permission},
    ids::CallId,
};
pub use store::calls::CallFilter;

/// Calls of the actor's tenant, newest first, live ones among them. An operator sees all tenants' calls.
///
/// # Errors
/// [`Error::Denied`] where the actor may not read calls, [`Error::Invalid`] where the page's key is not one of ours.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &CallFilter,
    page: &PageRequest,
) -> Result<Page<CallView>, Error> {
    let scope = actor.scope(Permission::ReadCalls).or_else(|_| actor.scope(Permission::Operate))?;
    let after = page.key::<CallId>()?;
    let calls = store::calls::list(app.db().read(), &scope, filter, after, page.limit()).await?;
    let now = app.now();
    let views = calls.iter().map(|call| CallView::of(call, now)).collect();
    Ok(page.cut(views, |view: &CallView| view.id.to_string()))
}
