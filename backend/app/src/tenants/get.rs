//! A tenant looks at itself.

use super::{AccessKeys, SignedUp, TenantRef, TenantView, view};
use crate::{App, Error};
use base64::{Engine, engine::general_purpose::STANDARD};
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

/// The endpoint, connection string and keys of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`] for operators.
pub fn access(app: &App, actor: &Actor) -> Result<SignedUp, Error> {
    let scope = actor.scope(Permission::ReadTenant)?;
    let live = app.live();
    let tenant = scope.tenant().and_then(|id| live.tenant(id)).ok_or_else(no_tenant)?;
    let key = |slot: &str| {
        let key = tenant.keys.iter().find(|key| key.slot == slot);
        key.map_or_else(String::new, |key| STANDARD.encode(&key.secret))
    };
    let keys = AccessKeys { primary: key("primary"), secondary: key("secondary") };
    let name = TenantRef { id: tenant.id(), slug: tenant.slug().to_owned(), name: tenant.name.clone() };
    Ok(view::signed_up(app, name, keys))
}

fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
