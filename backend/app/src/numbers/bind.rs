//! A tenant says where calls to a number go.

use super::{OwnedNumber, rows};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    config::Tenant,
    identity::AppUser,
    ids::TenantId,
    numbering::Binding,
    phone::E164,
};

/// Characters of an application's name at most.
const APPLICATION_MAX: usize = 200;

/// Binds an owned number.
///
/// # Errors
/// [`Error::NotFound`] for the number, [`Error::Invalid`] with the target where there is no such trunk or user.
pub async fn bind(app: &App, actor: &Actor, number: E164, binding: Binding) -> Result<OwnedNumber, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(rows::no_tenant)?;
    let e164 = number.to_string();
    // First the number: a stranger to it learns nothing about targets.
    store::leases::get(app.db().read(), &scope, &e164).await?.ok_or_else(|| rows::no_number(number))?;
    let binding = check(app, tenant, number, binding)?;
    if let Binding::User(name) = &binding
        && let Ok(user) = name.parse::<AppUser>()
        && store::identities::get(app.db().read(), &scope, user.id).await?.is_none()
    {
        return Err(no_user());
    }
    let (kind, target) = columns(&binding);
    let bound = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut row =
                store::leases::get(tx, &scope, &e164).await?.ok_or_else(|| rows::no_number(number))?;
            let before = rows::owned(&row)?;
            row.binding_kind = kind.to_owned();
            row.binding_target.clone_from(&target);
            let after = rows::owned(&row)?;
            store::leases::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "number.bind",
                target: &e164,
                before: seen(&before.inbound),
                after: seen(&after.inbound),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(bound)
}

/// The binding with its target as it is written here; the target must be there.
fn check(app: &App, tenant: TenantId, number: E164, binding: Binding) -> Result<Binding, Error> {
    let live = app.live();
    let own = &live.tenant(tenant).ok_or_else(rows::no_tenant)?.piece.piece.value;
    match binding {
        Binding::Trunk(fqdn) => {
            own.trunk(&fqdn).map(|trunk| Binding::Trunk(trunk.fqdn.clone())).ok_or_else(|| no_trunk(own))
        }
        Binding::User(name) => {
            let name = name.to_lowercase();
            let is_app_user = name.parse::<AppUser>().is_ok_and(|user| user.tenant == tenant);
            (is_app_user || own.users.contains(&name)).then_some(Binding::User(name)).ok_or_else(no_user)
        }
        Binding::Forward(to) if to == number => {
            Err(Error::invalid("inbound.target", "a number cannot be forwarded to itself"))
        }
        Binding::Application(name) if name.is_empty() || name.chars().count() > APPLICATION_MAX => {
            Err(Error::invalid(
                "inbound.target",
                format!("name the application in 1 to {APPLICATION_MAX} characters"),
            ))
        }
        Binding::Forward(_) | Binding::Application(_) | Binding::None => Ok(binding),
    }
}

fn columns(binding: &Binding) -> (&'static str, Option<String>) {
    match binding {
        Binding::Trunk(fqdn) => ("trunk", Some(fqdn.clone())),
        Binding::User(name) => ("user", Some(name.clone())),
        Binding::Application(name) => ("application", Some(name.clone())),
        Binding::Forward(to) => ("forward", Some(to.to_string())),
        Binding::None => ("none", None),
    }
}

fn no_trunk(own: &Tenant) -> Error {
    let hint = if own.trunks.is_empty() { "make one with PATCH /sip" } else { "GET /sip lists yours" };
    Error::invalid("inbound.target", format!("there is no such trunk: {hint}"))
}

fn no_user() -> Error {
    Error::invalid(
        "inbound.target",
        "there is no such user: make one with POST /api/v1/sipUsers, or name a user of your app (8:acs:…)",
    )
}
