//! To whom a tenant's invoices are made out.

use super::{Party, Profile, party};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission, Scope},
    billing::Zone,
    ids::TenantId,
};
use store::Tx;

/// What is known of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`].
pub async fn profile(app: &App, actor: &Actor) -> Result<Profile, Error> {
    let scope = actor.scope(Permission::ReadMoney)?;
    let tenant = scope.tenant().ok_or_else(nobody)?;
    read(app.db().read(), &scope, tenant).await
}

/// What is known of a tenant. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn profile_of(app: &App, actor: &Actor, tenant: TenantId) -> Result<Profile, Error> {
    let scope = actor.scope(Permission::Operate)?;
    store::tenants::get(app.db().read(), &scope, tenant).await?.ok_or_else(nobody)?;
    read(app.db().read(), &scope, tenant).await
}

/// Says to whom the invoices of the actor's tenant are made out, from the next one on.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_profile(app: &App, actor: &Actor, party: Party, zone: Zone) -> Result<Profile, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(nobody)?;
    let party = party.tidy();
    party.check("")?;
    change(app, actor, &scope, tenant, |before| Profile { party: party.clone(), zone, ..before }).await
}

/// Says why no tax is taken from a tenant, or takes it from now on. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`].
pub async fn set_exemption(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    why: Option<String>,
) -> Result<Profile, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let exemption = why.map(|why| why.trim().to_owned());
    if let Some(why) = &exemption {
        party::check_exemption(why)?;
    }
    change(app, actor, &scope, tenant, |before| Profile { exemption: exemption.clone(), ..before }).await
}

async fn change(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    tenant: TenantId,
    edit: impl Fn(Profile) -> Profile,
) -> Result<Profile, Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = store::tenants::get(tx, scope, tenant).await?.ok_or_else(nobody)?;
            let before = read(tx, scope, tenant).await?;
            let after = edit(before.clone());
            put(app, tx, scope, tenant, &after).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "billing.profile",
                target: &row.slug,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, scope, change).await?;
            Ok(after)
        })
        .await
}

async fn put(app: &App, tx: &Tx, scope: &Scope, tenant: TenantId, profile: &Profile) -> Result<(), Error> {
    let body = serde_json::to_string(profile).map_err(Error::internal)?;
    let row = store::invoices::Profile { tenant_id: tenant.0, body, updated_at: app.now() };
    Ok(store::invoices::put_profile(tx, scope, row).await?)
}

pub(super) async fn read(on: &impl store::On, scope: &Scope, tenant: TenantId) -> Result<Profile, Error> {
    match store::invoices::profile(on, scope, tenant).await? {
        Some(row) => serde_json::from_str(&row.body).map_err(Error::internal),
        None => Ok(Profile::default()),
    }
}

fn nobody() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
