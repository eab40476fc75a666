//! Pieces of configuration as the database holds them.

use super::{Credential, Key, Live, LiveTenant};
use crate::{
    App, Error, SandboxMode,
    eligibility::{Policy, Terms, read_policy},
    emergency, protection, routes,
    tenants::TenantStatus,
    trunks::rows::join,
    vault::{Place, Secret},
};
use domain::{
    access::Scope,
    config::{
        Abilities, Carrier, CarrierHost, Health, Limits, PeerPolicy, Platform, PlatformPiece, Snapshot,
        Tenant, TenantEmergency, TenantPiece, Transport, Trunk,
    },
    ids::{CarrierId, LeaseId, PlanId, SipUserId, TenantId, TrunkId},
    money::Currency,
    numbering::{Binding, Owned},
    rating::{self, PricePlan},
    recording::RecordingPolicy,
    routing::VoiceRoute,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};
use store::{access_keys::AccessKey, carriers, leases::Lease, sip_users::SipUser, trunks};
use uuid::Uuid;

/// What is let through to the simulated carrier: as much as there is.
const SANDBOX_LIMITS: Limits = Limits { calls_per_second: 100_000, max_calls: 100_000 };

/// Nothing but what this build can do: what there is before the first refresh.
pub(crate) fn empty(abilities: Abilities) -> Live {
    let platform = Platform::new(Vec::new(), Vec::new(), abilities);
    Live::new(Snapshot::new(Arc::new(PlatformPiece::new(platform)), []), HashMap::new())
}

/// What belongs to no tenant.
pub(super) async fn platform(app: &App, scope: &Scope) -> Result<PlatformPiece, Error> {
    let on = app.db().read();
    let mut carriers: Vec<Carrier> =
        carriers::all(on, scope).await?.into_iter().map(carrier).collect::<Result<_, _>>()?;
    let has_real = carriers.iter().any(|carrier| !carrier.sandbox && carrier.enabled);
    let sandbox_on = match app.settings().sandbox {
        SandboxMode::On => true,
        SandboxMode::Off => false,
        SandboxMode::Auto => !has_real,
    };
    for carrier in carriers.iter_mut().filter(|carrier| carrier.sandbox) {
        carrier.enabled &= sandbox_on && app.settings().sandbox_carrier.is_some();
        // It knows itself how much it can carry, and says 503.
        carrier.limits = SANDBOX_LIMITS;
        carrier.hosts = app.settings().sandbox_carrier.into_iter().map(sandbox_host).collect();
    }
    let plans = carriers::plans(on, scope).await?;
    let mut plans: Vec<PricePlan> =
        plans.into_iter().map(|row| read("price_plans.body", row.body)).collect::<Result<_, _>>()?;
    rating::resolve(&mut plans);
    let mut platform = Platform::new(carriers, plans, app.settings().abilities);
    platform.carrier_order = crate::carriers::read_order(on).await?;
    platform.emergency = emergency::read_countries(on, scope).await?;
    platform.stir = crate::stir::read_policy(on).await?;
    platform.audio = crate::audio::read(on).await?;
    let decks = crate::decks::resolve(app, scope, &mut platform).await?;
    Ok(PlatformPiece::with_decks(platform, decks))
}

fn sandbox_host(at: std::net::SocketAddr) -> CarrierHost {
    CarrierHost { address: at.ip().to_string(), port: at.port(), transport: Transport::Udp }
}

/// A tenant with its slug, or why it cannot be built.
pub(super) type Built = (TenantId, String, Result<LiveTenant, Error>);

/// The tenants that the scope sees. What did not change since `before` is not compiled again.
pub(super) async fn tenants(app: &App, scope: &Scope, before: &Live) -> Result<Vec<Built>, Error> {
    let on = app.db().read();
    let rows = store::tenants::all(on, scope).await?;
    let platform = Scope::system("the currency of a tenant is that of its plan");
    let mut parts = Parts {
        trunks: by_tenant(trunks::all(on, scope).await?, |row| row.tenant_id),
        routes: by_tenant(trunks::routes(on, scope).await?, |row| row.tenant_id),
        users: by_tenant(store::sip_users::all(on, scope).await?, |row| row.tenant_id),
        leases: by_tenant(store::leases::all(on, scope).await?, |row| row.tenant_id),
        keys: by_tenant(store::access_keys::all(on, scope).await?, |row| row.tenant_id),
        domains: by_tenant(trunks::domains(on, scope).await?, |row| row.tenant_id),
        addresses: by_tenant(store::emergency::addresses(on, scope).await?, |row| row.tenant_id),
        recording: crate::recordings::policies(on, scope).await?,
        policy: read_policy(on).await?,
        spending: protection::read_defaults(on).await?,
        currencies: carriers::plans(on, &platform).await?.into_iter().filter_map(currency).collect(),
    };
    let build = |row: store::tenants::Tenant| {
        let (id, slug) = (TenantId(row.id), row.slug.clone());
        (id, slug, tenant(app, row, &mut parts, before.tenant(id)))
    };
    Ok(rows.into_iter().map(build).collect())
}

/// The rows of all tenants that are read, by tenant.
struct Parts {
    trunks: HashMap<Uuid, Vec<trunks::Trunk>>,
    routes: HashMap<Uuid, Vec<trunks::Route>>,
    users: HashMap<Uuid, Vec<SipUser>>,
    leases: HashMap<Uuid, Vec<Lease>>,
    keys: HashMap<Uuid, Vec<AccessKey>>,
    domains: HashMap<Uuid, Vec<trunks::Domain>>,
    addresses: HashMap<Uuid, Vec<store::emergency::Address>>,
    recording: HashMap<Uuid, RecordingPolicy>,
    policy: Policy,
    spending: protection::SpendingDefaults,
    currencies: HashMap<Uuid, Currency>,
}

/// The currency of a plan.
fn currency(row: carriers::PlanRow) -> Option<(Uuid, Currency)> {
    let currency = row.body.get("currency")?.as_str()?.parse().ok()?;
    Some((row.id, currency))
}

fn by_tenant<T>(rows: Vec<T>, tenant: impl Fn(&T) -> Uuid) -> HashMap<Uuid, Vec<T>> {
    let mut all: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in rows {
        all.entry(tenant(&row)).or_default().push(row);
    }
    all
}

fn tenant(
    app: &App,
    row: store::tenants::Tenant,
    parts: &mut Parts,
    before: Option<&Arc<LiveTenant>>,
) -> Result<LiveTenant, Error> {
    let id = row.id;
    let realm = app.sip_domain(&row.slug);
    let status: TenantStatus = word("tenants.status", &row.status)?;
    let users = parts.users.remove(&id).unwrap_or_default();
    let trunks = parts.trunks.remove(&id).unwrap_or_default();
    let routes = parts.routes.remove(&id).unwrap_or_default();
    let leases = parts.leases.remove(&id).unwrap_or_default();
    let keys = parts.keys.remove(&id).unwrap_or_default();
    let terms = Terms::of(&row)?;
    let currency = parts.currencies.get(&row.plan_id).copied().unwrap_or(Currency::USD);
    let protection = protection::Kept::of(&row)?.effective(&parts.spending.of(currency));
    let eligibility = parts.policy.eligibility(&terms);
    let numbers: Vec<Owned> = leases.iter().map(owned).collect::<Result<_, _>>()?;
    let addresses = parts.addresses.remove(&id).unwrap_or_default();
    let emergency = emergency_of(terms, addresses, &numbers)?;
    let secrets = trunks.iter().filter_map(|row| trunk_secret(app, row).transpose());
    let trunk_secrets = secrets.collect::<Result<_, Error>>()?;
    let recording = parts.recording.remove(&id).unwrap_or_default();
    let domains = parts.domains.remove(&id).unwrap_or_default();
    let value = Tenant {
        id: TenantId(id),
        slug: row.slug,
        active: status == TenantStatus::Active,
        limits: limits(row.calls_per_second, row.max_calls),
        plan: PlanId(row.plan_id),
        trunks: trunks.into_iter().map(|row| trunk_in(row, &domains)).collect::<Result<_, _>>()?,
        routes: routes.into_iter().map(route).collect::<Result<_, _>>()?,
        users: users.iter().map(|user| user.username.clone()).collect(),
        numbers,
        sip_domain: realm,
        protection,
        eligibility,
        emergency,
        recording,
    };
    let usable = users.iter().filter(|user| user.realm == value.sip_domain);
    let credentials = usable
        .map(|user| Ok((user.username.clone(), credential(app, user)?)))
        .collect::<Result<_, Error>>()?;
    let keys = keys.iter().map(|row| key(app, row)).collect::<Result<_, _>>()?;
    let piece = match before {
        Some(before) => TenantPiece::changed(value, &before.piece),
        None => TenantPiece::new(value),
    };
    let piece = Arc::new(piece);
    Ok(LiveTenant { piece, name: row.name, status, credentials, keys, trunk_secrets })
}

fn credential(app: &App, row: &SipUser) -> Result<Credential, Error> {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let open = |column, sealed: &[u8]| {
        app.vault().open(Place { tenant: &tenant, table: "sip_users", column, id: &id }, sealed)
    };
    Ok(Credential {
        user: SipUserId(row.id),
        ha1_md5: open("ha1_md5", &row.ha1_md5)?,
        ha1_sha256: open("ha1_sha256", &row.ha1_sha256)?,
    })
}

fn key(app: &App, row: &AccessKey) -> Result<Key, Error> {
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let place = Place { tenant: &tenant, table: "access_keys", column: "secret", id: &id };
    Ok(Key { slot: row.slot.clone(), secret: app.vault().open(place, &row.secret)? })
}

/// The password with which a trunk's challenges are answered.
fn trunk_secret(app: &App, row: &trunks::Trunk) -> Result<Option<(TrunkId, Secret)>, Error> {
    let Some(sealed) = &row.outbound_secret else { return Ok(None) };
    let (tenant, id) = (row.tenant_id.to_string(), row.id.to_string());
    let place = Place { tenant: &tenant, table: "trunks", column: "outbound_secret", id: &id };
    Ok(Some((TrunkId(row.id), app.vault().open(place, sealed)?)))
}

/// The passwords with which challenges of carriers are answered.
pub(super) async fn carrier_secrets(app: &App, scope: &Scope) -> Result<HashMap<CarrierId, Secret>, Error> {
    let mut secrets = HashMap::new();
    for row in carriers::all(app.db().read(), scope).await? {
        let Some(sealed) = &row.outbound_secret else { continue };
        let id = row.id.to_string();
        let place = Place { tenant: "platform", table: "carriers", column: "outbound_secret", id: &id };
        secrets.insert(CarrierId(row.id), app.vault().open(place, sealed)?);
    }
    Ok(secrets)
}

/// What a tenant set for emergency calls; addresses of numbers that it gave back count no more.
fn emergency_of(
    terms: Terms,
    addresses: Vec<store::emergency::Address>,
    numbers: &[Owned],
) -> Result<TenantEmergency, Error> {
    let owns = |number| numbers.iter().any(|owned| owned.number == number);
    let addresses: Vec<_> = addresses.into_iter().map(emergency::address).collect::<Result<_, Error>>()?;
    Ok(TenantEmergency {
        country: terms.emergency.country,
        call_back: terms.emergency.call_back.filter(|number| owns(*number)),
        addresses: addresses.into_iter().filter(|address| owns(address.number)).collect(),
    })
}

/// A trunk as calls see it: one in a domain that is switched off is off, too.
fn trunk_in(row: trunks::Trunk, domains: &[trunks::Domain]) -> Result<Trunk, Error> {
    let mut trunk = trunk(row)?;
    let within = trunk.fqdn.split_once('.').map_or("", |(_, domain)| domain);
    trunk.enabled &= !domains.iter().any(|domain| domain.name == within && !domain.enabled);
    Ok(trunk)
}

pub(crate) fn trunk(row: trunks::Trunk) -> Result<Trunk, Error> {
    let trunk = Trunk {
        id: TrunkId(row.id),
        fqdn: row.fqdn,
        port: u16::try_from(row.port).map_err(Error::internal)?,
        enabled: row.enabled,
        transport: word("trunks.transport", &row.transport)?,
        addresses: read("trunks.addresses", row.addresses)?,
        srtp: word("trunks.srtp", &row.srtp)?,
        codecs: read("trunks.codecs", row.codecs)?,
        limits: limits(row.calls_per_second, row.max_calls),
        description: None,
        authentication: None,
        policy: PeerPolicy::default(),
        max_call_micros: None,
        health: Health::Unknown,
    };
    match row.settings {
        Value::Object(fields) if fields.is_empty() => Ok(trunk),
        settings => join(&trunk, settings),
    }
}

pub(crate) fn route(row: trunks::Route) -> Result<VoiceRoute, Error> {
    routes::read(row)
}

pub(crate) fn owned(row: &Lease) -> Result<Owned, Error> {
    Ok(Owned {
        lease: LeaseId(row.id),
        tenant: TenantId(row.tenant_id),
        number: row.e164.parse().map_err(Error::internal)?,
        number_type: row.number_type.parse().map_err(Error::internal)?,
        binding: binding(row)?,
    })
}

pub(crate) fn binding(row: &Lease) -> Result<Binding, Error> {
    let target = row.binding_target.clone().map_or(Value::Null, Value::String);
    let kind = row.binding_kind.as_str();
    let json = if kind == "none" {
        serde_json::json!({ "kind": kind })
    } else {
        serde_json::json!({ "kind": kind, "target": target })
    };
    read("leases.binding_kind", json)
}

pub(crate) fn carrier(row: carriers::Carrier) -> Result<Carrier, Error> {
    crate::carriers::read(row)
}

fn limits(calls_per_second: i32, max_calls: i32) -> Limits {
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    Limits { calls_per_second: positive(calls_per_second), max_calls: positive(max_calls) }
}

/// A word of a closed set that serde knows.
pub(crate) fn word<T: DeserializeOwned>(column: &str, word: &str) -> Result<T, Error> {
    read(column, Value::String(word.to_owned()))
}

/// A JSON column.
pub(crate) fn read<T: DeserializeOwned>(column: &str, json: Value) -> Result<T, Error> {
    serde_json::from_value(json)
        .map_err(|error| Error::internal(store::Error::Unreadable(format!("{column}: {error}"))))
}
