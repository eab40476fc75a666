//! Where the people behind a tenant's numbers are.

use super::address;
use crate::{
    App, Error,
    audit::{self, Change, seen},
    error::faulty,
    snapshot::{Changed, refresh},
};
use domain::{
    access::{Actor, Permission},
    config::{ADDRESSES_MAX, RegisteredAddress},
    phone::E164,
};
use serde_json::Value;
use store::emergency;
use uuid::Uuid;

/// The addresses of the actor's tenant, by number.
///
/// # Errors
/// [`Error::Denied`].
pub async fn addresses(app: &App, actor: &Actor) -> Result<Vec<RegisteredAddress>, Error> {
    let scope = actor.scope(Permission::ReadNumbers)?;
    let rows = emergency::addresses(app.db().read(), &scope).await?;
    rows.into_iter().map(address).collect()
}

/// The address of a number of the actor's tenant.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`] where none is registered.
pub async fn address_of(app: &App, actor: &Actor, number: E164) -> Result<RegisteredAddress, Error> {
    let found = addresses(app, actor).await?.into_iter().find(|known| known.number == number);
    found.ok_or_else(|| no_address(number))
}

/// Registers the address of a number, in the place of the one that it had.
///
/// # Errors
/// [`Error::NotFound`] where the number is not the tenant's, [`Error::Invalid`] by field.
pub async fn put_address(
    app: &App,
    actor: &Actor,
    wanted: RegisteredAddress,
) -> Result<RegisteredAddress, Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(no_number)?;
    let wanted = RegisteredAddress { country: wanted.country.to_ascii_uppercase(), ..wanted };
    wanted.check().map_err(faulty)?;
    let e164 = wanted.number.to_string();
    let body = serde_json::to_value(&wanted).map_err(Error::internal)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let lease = store::leases::get(tx, &scope, &e164).await?;
            lease.filter(|lease| lease.released_at.is_none()).ok_or_else(no_number)?;
            if let Some(number) = wanted.call_back {
                let lease = store::leases::get(tx, &scope, &number.to_string()).await?;
                lease.filter(|lease| lease.released_at.is_none()).ok_or_else(|| not_yours(number))?;
            }
            let known = emergency::addresses(tx, &scope).await?;
            let before = known.iter().find(|row| row.e164 == e164);
            if before.is_none() && known.len() >= ADDRESSES_MAX {
                return Err(Error::conflict(
                    "number",
                    format!("there are {ADDRESSES_MAX} addresses already"),
                ));
            }
            let row = emergency::Address {
                id: Uuid::now_v7(),
                tenant_id: tenant.0,
                e164: e164.clone(),
                body: body.clone(),
                updated_at: app.now(),
            };
            emergency::put_address(tx, &scope, row).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "emergency.address",
                target: &e164,
                before: before.map_or(Value::Null, |row| row.body.clone()),
                after: seen(&wanted),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await?;
    Ok(wanted)
}

/// Forgets the address of a number.
///
/// # Errors
/// [`Error::NotFound`] where none is registered.
pub async fn delete_address(app: &App, actor: &Actor, number: E164) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageNumbers)?;
    let tenant = scope.tenant().ok_or_else(no_number)?;
    let e164 = number.to_string();
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !emergency::delete_address(tx, &scope, &e164).await? {
                return Err(no_address(number));
            }
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "emergency.address",
                target: &e164,
                before: Value::Null,
                after: Value::Null,
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    refresh(app, Changed::Tenant(tenant)).await
}

fn no_address(number: E164) -> Error {
    Error::not_found("number", format!("no address is registered for {number}"))
}

fn not_yours(number: E164) -> Error {
    let message = format!("{number} is not a number of yours: a call taker must be able to call it back");
    Error::invalid("callBack", message)
}

fn no_number() -> Error {
    Error::not_found("number", "there is no such number: GET /phoneNumbers lists yours")
}
