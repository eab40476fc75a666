//! Somebody says who they are, by e-mail address and password.

use super::password;
use crate::{App, Error};
use domain::{
    access::{Actor, Role, Scope},
    ids::{TenantId, UserId},
};
use store::users::User;

/// The actor behind an e-mail address and a password: a tenant's owner or an operator.
///
/// # Errors
/// [`Error::Unauthenticated`] where they do not match; [`Error::TooMany`] after too many tries.
pub async fn sign_in(app: &App, email: &str, password: &str) -> Result<Actor, Error> {
    let email = email.trim().to_lowercase();
    app.doorman().admit(&email)?;
    let scope = Scope::system("who signs in is in no scope yet");
    let user = store::users::by_email(app.db().read(), &scope, &email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let is_right = password::verify(app, password, hash).await?;
    match user {
        Some(user) if is_right => {
            app.doorman().right(&email);
            actor_of(app, user)
        }
        _ => {
            app.doorman().wrong(&email);
            Err(Error::unauthenticated("the e-mail address or the password is not right"))
        }
    }
}

/// The actor that a person is. A suspended tenant's people may not come in.
pub(crate) fn actor_of(app: &App, user: User) -> Result<Actor, Error> {
    let tenant = user.tenant_id.map(TenantId);
    let role = if tenant.is_none() { Role::Operator } else { Role::Owner };
    if let Some(id) = tenant
        && app.live().tenant(id).is_none_or(|tenant| tenant.status == super::TenantStatus::Suspended)
    {
        return Err(suspended());
    }
    Ok(Actor { user: Some(UserId(user.id)), tenant, role, name: user.email })
}

pub(crate) fn suspended() -> Error {
    Error::unauthenticated("this tenant is suspended: ask the operator of the platform")
}
