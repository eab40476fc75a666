//! A tenant looks at itself.

use super::{TenantView, view};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission},
    ids::TenantId,
};

/// The actor's tenant.
///
/// # Errors
/// [`Error::Denied`] for operators.
pub async fn get(app: &App, actor: &Actor) -> Result<TenantView, Error> {
    let scope = actor.scope(Permission::ReadTenant)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    let row = store::tenants::get(app.db().read(), &scope, id).await?.ok_or_else(no_tenant)?;
    view::tenant(app, &scope, row).await
}

/// A tenant, for the operator.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get_of(app: &App, actor: &Actor, id: TenantId) -> Result<TenantView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let row = store::tenants::get(app.db().read(), &scope, id).await?.ok_or_else(no_tenant)?;
    view::tenant(app, &scope, row).await
}

fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
