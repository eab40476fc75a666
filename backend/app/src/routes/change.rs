//! A tenant changes its routes.

use super::{DESCRIPTION_MAX, NAME_MAX, put};
use crate::{
    App, Error,
    audit::{self, Change, seen},
    error::faulty,
    snapshot::{Changed, load, refresh},
    trunks::ROUTES_MAX,
};
use domain::{
    access::{Actor, Permission, Scope},
    phone::E164,
    routing::{Pattern, VoiceRoute},
};
use std::collections::BTreeSet;

/// Changes the routes of the actor's tenant as a whole: `edit` is given them in order, and answers them as they are to
/// be. It may be asked more than once.
///
/// # Errors
/// [`Error::Invalid`] by field, such as `routes.2.numberPattern`; what `edit` answers.
pub async fn change(
    app: &App,
    actor: &Actor,
    edit: impl Fn(Vec<VoiceRoute>) -> Result<Vec<VoiceRoute>, Error>,
) -> Result<Vec<VoiceRoute>, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))?;
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let rows = store::trunks::routes(tx, &scope).await?;
            let before: Vec<VoiceRoute> = rows.into_iter().map(load::route).collect::<Result<_, Error>>()?;
            let trunks = store::trunks::all(tx, &scope).await?;
            let trunks = trunks.into_iter().map(|row| row.fqdn).collect();
            let mut after = edit(before.clone())?;
            after.iter_mut().for_each(tidy);
            check(&after, &trunks)?;
            put(tx, &scope, tenant, &after).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "routes.update",
                target: "routes",
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

/// Routes as they would be, where they hold together with the trunks of the scope's tenant.
///
/// # Errors
/// [`Error::Invalid`] by field.
pub(crate) async fn checked(
    app: &App,
    scope: &Scope,
    mut routes: Vec<VoiceRoute>,
) -> Result<Vec<VoiceRoute>, Error> {
    let trunks = store::trunks::all(app.db().read(), scope).await?;
    routes.iter_mut().for_each(tidy);
    check(&routes, &trunks.into_iter().map(|row| row.fqdn).collect())?;
    Ok(routes)
}

/// Names of trunks in lower case; nothing where a text is empty.
fn tidy(route: &mut VoiceRoute) {
    for target in &mut route.targets {
        target.fqdn = target.fqdn.trim().trim_end_matches('.').to_ascii_lowercase();
    }
    for text in [&mut route.description, &mut route.caller_id_override] {
        *text = text.take().filter(|text| !text.trim().is_empty());
    }
}

/// That the routes hold together.
pub(super) fn check(routes: &[VoiceRoute], trunks: &BTreeSet<String>) -> Result<(), Error> {
    if routes.len() > ROUTES_MAX {
        return Err(Error::invalid("routes", format!("a tenant has {ROUTES_MAX} routes at most")));
    }
    let mut names = BTreeSet::new();
    for (index, route) in routes.iter().enumerate() {
        check_one(route, trunks).map_err(|error| at(error, index, &route.name))?;
        if !names.insert(route.name.as_str()) {
            return Err(at(
                Error::invalid("name", "there is a route of that name already: choose another"),
                index,
                &route.name,
            ));
        }
    }
    Ok(())
}

fn check_one(route: &VoiceRoute, trunks: &BTreeSet<String>) -> Result<(), Error> {
    if route.name.trim().is_empty() || route.name.chars().count() > NAME_MAX {
        return Err(Error::invalid("name", format!("name the route in 1 to {NAME_MAX} characters")));
    }
    if route.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX) {
        return Err(Error::invalid("description", format!("give {DESCRIPTION_MAX} characters at most")));
    }
    if route.number_pattern.trim().is_empty() {
        return Err(Error::invalid(
            "numberPattern",
            r"give a regular expression over the number, such as ^\+46\d+$",
        ));
    }
    if let Some(why) = Pattern::compile(&route.number_pattern).broken() {
        return Err(Error::invalid("numberPattern", why));
    }
    if let Some(text) = &route.caller_id_override {
        E164::parse(text).map_err(|error| Error::invalid("callerIdOverride", error.to_string()))?;
    }
    let mut own = BTreeSet::new();
    for (index, target) in route.targets.iter().enumerate() {
        let field = format!("targets.{index}");
        if !trunks.contains(&target.fqdn) {
            let message = format!("there is no trunk {:?}: GET /api/v1/trunks lists yours", target.fqdn);
            return Err(Error::invalid(&field, message));
        }
        if !own.insert(target.fqdn.as_str()) {
            return Err(Error::invalid(&field, format!("{} is in this route already", target.fqdn)));
        }
    }
    route.check().map_err(faulty)
}

/// An error of one route of several, by its place.
fn at(error: Error, index: usize, name: &str) -> Error {
    match error {
        Error::Invalid { status, code, message, target, inner } => Error::Invalid {
            status,
            code,
            message: format!("route {name:?}: {message}"),
            target: target.map(|target| format!("routes.{index}.{target}")),
            inner,
        },
        other => other,
    }
}
