//! The operator looks at the tenants.

use super::{TenantView, view};
use crate::{App, Error, List, Window};
use domain::access::{Actor, Permission};

/// All tenants, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, window: Window) -> Result<List<TenantView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let rows = store::tenants::list(app.db().read(), &scope, window.skip, window.fetch()).await?;
    let page = window.cut(rows);
    let mut value = Vec::with_capacity(page.value.len());
    for row in page.value {
        value.push(view::tenant(app, &scope, row).await?);
    }
    Ok(List { value, next_skip: page.next_skip })
}
