//! The operator looks at the tenants.

use super::{TenantView, view};
use crate::{App, Error, Page, PageRequest};
use domain::access::{Actor, Permission};

/// All tenants, newest first. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<TenantView>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let rows = store::tenants::list(app.db().read(), &scope, page.key()?, page.limit()).await?;
    let Page { value: rows, next } = page.cut(rows, |row| row.id.to_string());
    let mut value = Vec::with_capacity(rows.len());
    for row in rows {
        value.push(view::tenant(app, &scope, row).await?);
    }
    Ok(Page { value, next })
}
