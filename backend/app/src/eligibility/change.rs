//! The operator changes the terms of a tenant.

use super::{Terms, WHY_MAX};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    config::Access,
    country,
    ids::TenantId,
};

/// Changes agreement, country and open connections of a tenant: `edit` is given the terms as they are, and answers them
/// as they are to be. Operators only. What the tenant itself set stays.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field; what `edit` answers.
pub async fn change_terms(
    app: &App,
    actor: &Actor,
    id: TenantId,
    edit: impl Fn(Terms) -> Result<Terms, Error>,
) -> Result<Terms, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let missing = || Error::not_found("tenant", "there is no such tenant");
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let mut row = store::tenants::get(tx, &scope, id).await?.ok_or_else(missing)?;
            let before = Terms::of(&row)?;
            let after = Terms { emergency: before.emergency.clone(), ..edit(before.clone())? };
            check(&after)?;
            row.terms = after.json()?;
            let slug = row.slug.clone();
            store::tenants::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(id),
                what: "tenant.terms",
                target: &slug,
                before: seen(&before),
                after: seen(&after),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Tenant(id)).await?;
    Ok(after)
}

fn check(terms: &Terms) -> Result<(), Error> {
    if let Some(code) = terms.country.as_ref().filter(|code| !country::is_known(code)) {
        let message = format!("{code:?} is no country: give an ISO 3166-1 code such as SE");
        return Err(Error::invalid("country", message));
    }
    for (field, access) in [("cloudCalling", &terms.cloud_calling), ("directRouting", &terms.direct_routing)]
    {
        if let Some(Access::NotAllowed { why }) = access
            && (why.trim().is_empty() || why.chars().count() > WHY_MAX)
        {
            let message =
                format!("say why in 1 to {WHY_MAX} characters: the tenant reads it before it tries");
            return Err(Error::invalid(&format!("connections.{field}.why"), message));
        }
    }
    Ok(())
}
