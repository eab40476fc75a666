//! A tenant switches a domain on or off, or gives it up.

use super::{DomainView, view};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use domain::access::{Actor, Permission, Scope};
use serde_json::Value;
use store::{On, trunks};

/// Switches a domain on or off: trunks in one that is off are not used.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn switch(app: &App, actor: &Actor, domain: &str, enabled: bool) -> Result<DomainView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(no_domain)?;
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let row = find(tx, &scope, domain).await?;
            let before = view(&row);
            let row = trunks::Domain { enabled, ..row };
            let after = view(&row);
            trunks::update_domain(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "domain.update",
                target: &after.name,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(after)
}

/// Gives a domain up.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] where a trunk lies in it.
pub async fn delete(app: &App, actor: &Actor, domain: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(no_domain)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = find(tx, &scope, domain).await?;
            let inside = trunks::all(tx, &scope).await?;
            let inside = inside
                .iter()
                .find(|trunk| trunk.fqdn.split_once('.').is_some_and(|(_, rest)| rest == row.name));
            if let Some(trunk) = inside {
                let message = format!("trunk {} lies in {}: delete the trunk first", trunk.fqdn, row.name);
                return Err(Error::conflict("name", message));
            }
            trunks::delete_domain(tx, &scope, &row.name).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "domain.delete",
                target: &row.name,
                before: seen(&view(&row)),
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}

pub(super) async fn find(on: &impl On, scope: &Scope, domain: &str) -> Result<trunks::Domain, Error> {
    let name = domain.trim_end_matches('.').to_ascii_lowercase();
    trunks::domains(on, scope).await?.into_iter().find(|row| row.name == name).ok_or_else(no_domain)
}

fn no_domain() -> Error {
    Error::not_found("name", "there is no such domain: GET /api/v1/domains lists yours")
}
