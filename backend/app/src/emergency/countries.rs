//! Emergency numbers by country.

use crate::{
    App, Error,
    audit::{self, Change, seen},
    error::faulty,
    snapshot::{Changed, load::read, refresh},
};
use domain::{
    access::{Actor, Permission, Scope},
    config::{EmergencyCountry, EmergencyRoute},
};
use serde_json::Value;
use store::{Tx, emergency};

/// All countries, by code. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn countries(app: &App, actor: &Actor) -> Result<Vec<EmergencyCountry>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    read_countries(app.db().read(), &scope).await
}

/// A country. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn country(app: &App, actor: &Actor, code: &str) -> Result<EmergencyCountry, Error> {
    let all = countries(app, actor).await?;
    let found = all.into_iter().find(|known| known.country.eq_ignore_ascii_case(code));
    found.ok_or_else(|| Error::not_found("country", "nothing is set for this country: PATCH sets it"))
}

/// Changes a country: `edit` is given it as it is, or `None` where nothing is set for it yet. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field; what `edit` answers.
pub async fn put_country(
    app: &App,
    actor: &Actor,
    code: &str,
    edit: impl Fn(Option<EmergencyCountry>) -> Result<EmergencyCountry, Error>,
) -> Result<EmergencyCountry, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let code = code.to_ascii_uppercase();
    let after = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let before = read_countries(tx, &scope).await?.into_iter().find(|known| known.country == code);
            let after = EmergencyCountry { country: code.clone(), ..edit(before.clone())? };
            after.check().map_err(faulty)?;
            check_route(tx, &scope, after.route.as_ref()).await?;
            let body = serde_json::to_value(&after).map_err(Error::internal)?;
            let row = emergency::Country { country: code.clone(), body, updated_at: app.now() };
            emergency::put_country(tx, &scope, row).await?;
            let before = before.as_ref().map_or(Value::Null, seen);
            audit::record(app, tx, &scope, change(actor, "emergency.country", &code, before, seen(&after)))
                .await?;
            Ok(after)
        })
        .await?;
    refresh(app, Changed::Platform).await?;
    Ok(after)
}

/// Forgets a country: its emergency calls are refused from then on. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn delete_country(app: &App, actor: &Actor, code: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let code = code.to_ascii_uppercase();
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !emergency::delete_country(tx, &scope, &code).await? {
                return Err(Error::not_found("country", format!("nothing is set for {code}")));
            }
            audit::record(
                app,
                tx,
                &scope,
                change(actor, "emergency.country", &code, Value::Null, Value::Null),
            )
            .await
        })
        .await?;
    refresh(app, Changed::Platform).await
}

fn change<'a>(
    actor: &'a Actor,
    what: &'static str,
    target: &'a str,
    before: Value,
    after: Value,
) -> Change<'a> {
    Change { actor: &actor.name, tenant: None, what, target, before, after }
}

/// A route leads to a carrier or trunk that is there.
async fn check_route(tx: &Tx, scope: &Scope, route: Option<&EmergencyRoute>) -> Result<(), Error> {
    match route {
        None => Ok(()),
        Some(EmergencyRoute::Carrier { carrier }) => match store::carriers::get(tx, scope, *carrier).await? {
            Some(_) => Ok(()),
            None => Err(Error::invalid(
                "route.carrier",
                "there is no such carrier: GET /api/v1/operator/carriers lists them",
            )),
        },
        Some(EmergencyRoute::Trunk { tenant, fqdn }) => {
            let trunks = store::trunks::all(tx, &scope.narrow(*tenant)?).await?;
            match trunks.iter().any(|row| row.fqdn.eq_ignore_ascii_case(fqdn)) {
                true => Ok(()),
                false => Err(Error::invalid("route.fqdn", format!("that tenant has no trunk {fqdn}"))),
            }
        }
    }
}

pub(crate) async fn read_countries(
    on: &impl store::On,
    scope: &Scope,
) -> Result<Vec<EmergencyCountry>, Error> {
    let rows = emergency::countries(on, scope).await?;
    rows.into_iter().map(|row| read("emergency_countries.body", row.body)).collect()
}
