//! The operator changes the terms of a tenant.

use super::{Terms, WHY_MAX};
use crate::{
    App, Error,
    tenants::{self, Edit, TenantEdit},
};
use domain::{access::Actor, config::Access, country, ids::TenantId};
use store::tenants::Tenant;

/// Changes agreement, country and open connections of a tenant: `edit` is given the terms as they are, and answers them
/// as they are to be. Operators only. What the tenant itself set stays.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] by field; what `edit` answers.
pub async fn change_terms(
    app: &App,
    actor: &Actor,
    id: TenantId,
    edit: impl Fn(Terms) -> Result<Terms, Error> + Sync,
) -> Result<Terms, Error> {
    tenants::change(app, actor, id, TenantEdit { terms: Some(&edit), ..TenantEdit::default() }).await?;
    Ok(super::view_of(app, actor, id).await?.0)
}

/// Puts changed terms into a row, and gives those before and after.
pub(crate) fn apply(row: &mut Tenant, edit: Edit<'_, Terms>) -> Result<(Terms, Terms), Error> {
    let before = Terms::of(row)?;
    let after = Terms { emergency: before.emergency.clone(), ..edit(before.clone())? };
    check(&after)?;
    row.terms = after.json()?;
    Ok((before, after))
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
