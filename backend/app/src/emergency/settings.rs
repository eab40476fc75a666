//! What a tenant set for its emergency calls, and what the platform does with them.

use super::read_countries;
use crate::{
    App, Error,
    audit::{self, Change, seen},
    eligibility::{EmergencyTerms, Terms},
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    config::EmergencyCountry,
    country,
};

/// What a tenant set, and what the platform does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyView {
    /// What the tenant set.
    pub own: EmergencyTerms,
    /// The countries for which the operator set something, by code.
    pub countries: Vec<EmergencyCountry>,
}

/// What the actor's tenant set for its emergency calls.
///
/// # Errors
/// [`Error::Denied`].
pub async fn settings(app: &App, actor: &Actor) -> Result<EmergencyView, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    let on = app.db().read();
    let row = store::tenants::get(on, &scope, id).await?.ok_or_else(no_tenant)?;
    Ok(EmergencyView { own: Terms::of(&row)?.emergency, countries: read_countries(on, &scope).await? })
}

/// Changes what the actor's tenant set: `edit` is given it as it is, and answers it as it is to be.
///
/// # Errors
/// [`Error::Invalid`] by field; what `edit` answers.
pub async fn change_settings(
    app: &App,
    actor: &Actor,
    edit: impl Fn(EmergencyTerms) -> Result<EmergencyTerms, Error>,
) -> Result<EmergencyView, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let id = scope.tenant().ok_or_else(no_tenant)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let mut row = store::tenants::get(tx, &scope, id).await?.ok_or_else(no_tenant)?;
            let mut terms = Terms::of(&row)?;
            let before = terms.emergency.clone();
            terms.emergency = edit(before.clone())?;
            let after = &terms.emergency;
            if let Some(code) = after.country.as_ref().filter(|code| !country::is_known(code)) {
                let message = format!("{code:?} is no country: give an ISO 3166-1 code such as SE");
                return Err(Error::invalid("country", message));
            }
            if let Some(number) = after.call_back {
                let lease = store::leases::get(tx, &scope, &number.to_string()).await?;
                lease.filter(|lease| lease.released_at.is_none()).ok_or_else(|| {
                    Error::invalid(
                        "callBack",
                        format!(
                            "{number} is not a number of yours: a call taker must be able to call it back"
                        ),
                    )
                })?;
            }
            let after = seen(after);
            row.terms = terms.json()?;
            let slug = row.slug.clone();
            store::tenants::update(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(id),
                what: "emergency.settings",
                target: &slug,
                before: seen(&before),
                after,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(id)).await?;
    settings(app, actor).await
}

fn no_tenant() -> Error {
    Error::not_found("tenant", "there is no such tenant")
}
