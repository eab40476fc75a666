//! A registration is set, changed and taken away.

use super::{
    NewRegistration, RegistrationView, ask, check,
    state::{Entry, Opened},
    view,
};
use crate::{
    App, Error,
    audit::{self, Change},
    snapshot::{Who, load::word},
    trunks,
    vault::Place,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    config::Transport,
    ids::{CarrierId, TenantId, TrunkId},
    registration::Registration,
};
use serde_json::{Value, json};
use store::trunk_registrations::{self as rows, Registration as Row};
use uuid::Uuid;

/// After a start, the first REGISTERs are spread over this many milliseconds.
const START_SPREAD_MILLIS: i64 = 2_000;

/// Registers us with the registrar of a trunk of the actor's tenant, in the place of what was set before.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn set(
    app: &App,
    actor: &Actor,
    fqdn: &str,
    new: NewRegistration,
) -> Result<RegistrationView, Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(|| Error::not_found("fqdn", "there is no such trunk"))?;
    let id = trunks::id_of(app, actor, fqdn).await?;
    put(app, actor, &scope, Who::Trunk(tenant, id), fqdn, new).await
}

/// Registers us with a carrier's registrar, in the place of what was set before. Operators only.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn set_of_carrier(
    app: &App,
    actor: &Actor,
    id: CarrierId,
    new: NewRegistration,
) -> Result<RegistrationView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let name = carrier_name(app, id)?;
    put(app, actor, &scope, Who::Carrier(id), &name, new).await
}

/// Takes the registration of a trunk away.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, fqdn: &str) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageRouting)?;
    let tenant = scope.tenant().ok_or_else(view::no_registration)?;
    let id = trunks::id_of(app, actor, fqdn).await?;
    take_away(app, actor, &scope, Who::Trunk(tenant, id), fqdn).await
}

/// Takes the registration of a carrier away. Operators only.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete_of_carrier(app: &App, actor: &Actor, id: CarrierId) -> Result<(), Error> {
    let scope = actor.scope(Permission::Operate)?;
    let name = carrier_name(app, id)?;
    take_away(app, actor, &scope, Who::Carrier(id), &name).await
}

pub(super) fn carrier_name(app: &App, id: CarrierId) -> Result<String, Error> {
    let live = app.live();
    let carrier = live.config.carrier(id);
    carrier.map(|carrier| carrier.name.clone()).ok_or_else(|| {
        Error::not_found("id", "there is no such carrier: GET /api/v1/operator/carriers lists them")
    })
}

async fn put(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    who: Who,
    name: &str,
    new: NewRegistration,
) -> Result<RegistrationView, Error> {
    let checked = check::check(&new)?;
    let (tenant, peer) = (tenant_of(who), ask::id_of(who));
    let before = rows::get(app.db().read(), scope, peer).await?;
    let password = match (&new.password, &before) {
        (Some(text), _) => seal(app, tenant, peer, check::password(text)?),
        (None, Some(row)) => row.password.clone(),
        (None, None) => return Err(Error::invalid("password", "give the password that the registrar knows")),
    };
    let row = Row {
        peer_id: peer,
        tenant_id: tenant,
        registrar: checked.registrar,
        port: new.port.map(i32::from),
        transport: new.transport.map(transport_word),
        domain: checked.domain,
        username: checked.username,
        password,
        contact_user: checked.contact_user,
        expires: checked.expires,
        created_at: app.now(),
    };
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::put(tx, scope, row.clone()).await?;
            let change = Change {
                actor: &actor.name,
                tenant: tenant.map(TenantId),
                what: "registration.set",
                target: name,
                before: before.as_ref().map_or(Value::Null, seen),
                after: seen(&row),
            };
            audit::record(app, tx, scope, change).await
        })
        .await?;
    let entry = entry(app, &row, app.now())?;
    if let Some(old) = app.registrars().put(peer, Some(entry)) {
        ask::take_back(app, &old);
    }
    view::of(app, peer).ok_or_else(view::no_registration)
}

async fn take_away(app: &App, actor: &Actor, scope: &Scope, who: Who, name: &str) -> Result<(), Error> {
    let (tenant, peer) = (tenant_of(who), ask::id_of(who));
    let before = rows::get(app.db().read(), scope, peer).await?.ok_or_else(view::no_registration)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            if !rows::delete(tx, scope, peer).await? {
                return Err(view::no_registration());
            }
            let change = Change {
                actor: &actor.name,
                tenant: tenant.map(TenantId),
                what: "registration.delete",
                target: name,
                before: seen(&before),
                after: Value::Null,
            };
            audit::record(app, tx, scope, change).await
        })
        .await?;
    if let Some(old) = app.registrars().put(peer, None) {
        ask::take_back(app, &old);
    }
    Ok(())
}

/// Forgets the registration of a trunk or carrier that is gone.
pub(super) async fn forget(app: &App, peer: Uuid) -> Result<(), Error> {
    let scope = Scope::system("the trunk or carrier of a registration is gone");
    app.db()
        .write::<_, Error, _>(async |tx| {
            rows::delete(tx, &scope, peer).await?;
            Ok(())
        })
        .await?;
    app.registrars().put(peer, None);
    Ok(())
}

/// Takes over the registrations that are set, each to be tried soon. Called once, at the start.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    let scope = Scope::system("the registrations of every tenant's trunks are kept up");
    for row in rows::all(app.db().read(), &scope).await? {
        let spread = TimeDelta::milliseconds(rand::random_range(0..START_SPREAD_MILLIS));
        match entry(app, &row, app.now() + spread) {
            Ok(entry) => drop(app.registrars().put(row.peer_id, Some(entry))),
            Err(error) => tracing::error!(peer = %row.peer_id, %error, "a registration is not kept up"),
        }
    }
    Ok(())
}

fn entry(app: &App, row: &Row, first: DateTime<Utc>) -> Result<Entry, Error> {
    let transport: Option<Transport> =
        row.transport.as_deref().map(|text| word("trunk_registrations.transport", text)).transpose()?;
    let tenant = row.tenant_id.map_or_else(|| "platform".to_owned(), |tenant| tenant.to_string());
    let id = row.peer_id.to_string();
    let opened = Opened {
        who: match row.tenant_id {
            Some(tenant) => Who::Trunk(TenantId(tenant), TrunkId(row.peer_id)),
            None => Who::Carrier(CarrierId(row.peer_id)),
        },
        registrar: row.registrar.clone(),
        port: row.port.and_then(|port| u16::try_from(port).ok()),
        transport,
        domain: row.domain.clone(),
        username: row.username.clone(),
        password: app.vault().open(place(&tenant, &id), &row.password)?,
        contact_user: row.contact_user.clone(),
    };
    let expires = u32::try_from(row.expires).unwrap_or_default();
    Ok(Entry::new(opened, Registration::new(first, expires)))
}

fn seal(app: &App, tenant: Option<Uuid>, peer: Uuid, password: &str) -> Vec<u8> {
    let tenant = tenant.map_or_else(|| "platform".to_owned(), |tenant| tenant.to_string());
    app.vault().seal(place(&tenant, &peer.to_string()), password.as_bytes())
}

const fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "trunk_registrations", column: "password", id }
}

const fn tenant_of(who: Who) -> Option<Uuid> {
    match who {
        Who::Trunk(tenant, _) => Some(tenant.0),
        Who::Carrier(_) => None,
    }
}

fn transport_word(transport: Transport) -> String {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    }
    .to_owned()
}

/// The settings as the audit keeps them: without the password.
fn seen(row: &Row) -> Value {
    json!({
        "registrar": row.registrar,
        "port": row.port,
        "transport": row.transport,
        "domain": row.domain,
        "username": row.username,
        "contactUser": row.contact_user,
        "expiresSeconds": row.expires,
    })
}
