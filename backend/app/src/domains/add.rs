//! A tenant names a domain.

use super::{DOMAINS_MAX, DomainView, name, reserved, token, view};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde_json::Value;
use store::{Tx, trunks};
use uuid::Uuid;

/// Adds a domain; asked again, it answers the same record.
///
/// # Errors
/// [`Error::Invalid`] where it is no domain name.
pub async fn add(app: &App, actor: &Actor, domain: &str) -> Result<DomainView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
    let name = name(domain)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let known = trunks::domains(tx, &scope).await?.iter().any(|row| row.name == name);
            let added = view(&ensure(app, tx, &scope, tenant, &name).await?);
            if known {
                return Ok(added);
            }
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "domain.create",
                target: &name,
                before: Value::Null,
                after: seen(&added),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(added)
        })
        .await
}

/// A domain of a tenant; written down where it is not there yet.
pub(crate) async fn ensure(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    name: &str,
) -> Result<trunks::Domain, Error> {
    // A reserved domain that counts is written down by this question.
    reserved::is_verified(app, tx, scope, tenant, name).await?;
    let known = trunks::domains(tx, scope).await?;
    if let Some(row) = known.iter().find(|row| row.name == name) {
        return Ok(row.clone());
    }
    if known.len() >= DOMAINS_MAX {
        return Err(Error::conflict("name", format!("there are {DOMAINS_MAX} domains already")));
    }
    let row = trunks::Domain {
        id: Uuid::now_v7(),
        tenant_id: tenant.0,
        name: name.to_owned(),
        token: token(),
        verified_at: None,
        enabled: true,
        created_at: app.now(),
    };
    trunks::insert_domain(tx, scope, row.clone()).await?;
    Ok(row)
}
