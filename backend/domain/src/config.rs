//! The configuration that decides calls, as values: tenants with their trunks, routes, users and numbers; carriers;
//! plans. A [`Snapshot`] is swapped whole and kept by version, so that a past call can be decided again as it was then.

use crate::{
    ids::{CarrierId, PlanId, TenantId, TrunkId},
    numbering::Owned,
    phone::E164,
    rating::PricePlan,
    routing::{RouteTable, VoiceRoute},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// Calls per second a tenant starts with.
pub const DEFAULT_CALLS_PER_SECOND: u32 = 100;
/// Parallel calls a tenant starts with.
pub const DEFAULT_MAX_CALLS: u32 = 1_000;

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// New calls per second.
    pub calls_per_second: u32,
    /// Calls up at the same time.
    pub max_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_per_second: DEFAULT_CALLS_PER_SECOND, max_calls: DEFAULT_MAX_CALLS }
    }
}

/// Signalling transport of a trunk or carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 3261 §18 over UDP.
    Udp,
    /// Over TCP.
    Tcp,
    /// Over TLS.
    Tls,
}

/// Whether a trunk's media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Only SRTP.
    Required,
    /// SRTP where the other side offers it.
    Optional,
    /// Plain RTP.
    Off,
}

/// How a trunk is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Never heard from: it is tried.
    Unknown,
    /// Answers.
    Online,
    /// Answers, with a reservation.
    Warning,
    /// Missed its last intervals: not tried.
    Offline,
}

/// A place where a trunk's SBC is: an address, with a port where it is not the trunk's signalling port. On the wire
/// `192.0.2.1` or `192.0.2.1:5080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Place {
    /// The address.
    pub ip: IpAddr,
    /// Its own port.
    pub port: Option<u16>,
}

impl TryFrom<String> for Place {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(ip) = text.parse() {
            return Ok(Self { ip, port: None });
        }
        text.parse::<std::net::SocketAddr>()
            .map(|at| Self { ip: at.ip(), port: Some(at.port()) })
            .map_err(|_| format!("{text:?} is not an IP address, with or without :port"))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        match place.port {
            Some(port) => std::net::SocketAddr::new(place.ip, port).to_string(),
            None => place.ip.to_string(),
        }
    }
}

/// A tenant's session border controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    /// Its identifier.
    pub id: TrunkId,
    /// Its name, lower case.
    pub fqdn: String,
    /// Its SIP port.
    pub port: u16,
    /// Whether the tenant switched it on.
    pub enabled: bool,
    /// Its transport.
    pub transport: Transport,
    /// Where it is, instead of DNS; and from where it may call.
    pub addresses: Vec<Place>,
    /// Its media encryption.
    pub srtp: Srtp,
    /// Codecs it takes, in order; empty is any.
    pub codecs: Vec<String>,
    /// Its own limits.
    pub limits: Limits,
    /// How it is doing. Not part of the configuration's version.
    #[serde(skip, default = "unknown")]
    pub health: Health,
}

const fn unknown() -> Health {
    Health::Unknown
}

/// A tenant as far as calls go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its SIP domain and digest realm: `<slug>.<public host>`, without port.
    pub sip_domain: String,
    /// Whether it may call.
    pub active: bool,
    /// Its limits.
    pub limits: Limits,
    /// Its price plan.
    pub plan: PlanId,
    /// Its trunks.
    pub trunks: Vec<Trunk>,
    /// Its voice routes, in order.
    pub routes: Vec<VoiceRoute>,
    /// The names of its SIP users.
    pub users: Vec<String>,
    /// The numbers that it owns.
    pub numbers: Vec<Owned>,
}

/// A prefix that a carrier carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarrierPrefix {
    /// Digits without `+`; empty is everything.
    pub prefix: String,
    /// What a minute costs the operator, micro-units.
    pub cost_per_minute_micros: i64,
}

/// Which caller ids a carrier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallerIdPolicy {
    /// Any.
    Any,
    /// Numbers that the tenant owns here.
    Owned,
}

/// A host of a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierHost {
    /// An IP address or a name.
    pub address: String,
    /// Its SIP port.
    pub port: u16,
    /// Its transport.
    pub transport: Transport,
}

/// An upstream carrier of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    /// Its identifier.
    pub id: CarrierId,
    /// Its name.
    pub name: String,
    /// Whether it is the simulated one, which comes after every real one with a matching prefix.
    pub sandbox: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Its hosts, in order.
    pub hosts: Vec<CarrierHost>,
    /// Which caller ids it takes.
    pub caller_id: CallerIdPolicy,
    /// Its limits.
    pub limits: Limits,
    /// What it carries.
    pub prefixes: Vec<CarrierPrefix>,
}

/// What this build and its settings can do at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// SIP over TLS.
    pub sip_tls: bool,
    /// SRTP.
    pub srtp: bool,
}

/// What belongs to no tenant: carriers, plans, abilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The carriers.
    pub carriers: Vec<Carrier>,
    /// The price plans.
    pub plans: Vec<PricePlan>,
    /// What works.
    pub abilities: Abilities,
}

/// A piece of configuration with the hash of its content: its version.
#[derive(Debug, Clone)]
pub struct Piece<T> {
    /// The first 16 hexadecimal digits of SHA-256 over its canonical JSON.
    pub version: String,
    /// The content.
    pub value: T,
}

impl<T: Serialize> Piece<T> {
    /// Hashes a value. Its JSON is canonical, since structs serialise in the order of their fields.
    pub fn new(value: T) -> Self {
        let json =
            serde_json::to_vec(&value).expect("configuration has string keys only, so it is always JSON");
        let mut version = hex::encode(Sha256::digest(&json));
        version.truncate(16);
        Self { version, value }
    }
}

/// A tenant with its routes compiled.
#[derive(Debug)]
pub struct TenantPiece {
    /// The content and its version.
    pub piece: Piece<Tenant>,
    /// The compiled routes.
    pub routes: RouteTable,
}

impl TenantPiece {
    /// Compiles the routes of a tenant, once per change.
    #[must_use]
    pub fn new(tenant: Tenant) -> Self {
        let routes = RouteTable::compile(&tenant.routes);
        Self { piece: Piece::new(tenant), routes }
    }
}

/// All configuration at one moment. Cheap to make from pieces that did not change.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What belongs to no tenant.
    pub platform: Arc<Piece<Platform>>,
    tenants: HashMap<TenantId, Arc<TenantPiece>>,
    /// A number's owner, and its place among the owner's numbers.
    owners: HashMap<E164, (TenantId, usize)>,
}

impl Snapshot {
    /// Joins pieces.
    #[must_use]
    pub fn new(platform: Arc<Piece<Platform>>, tenants: impl IntoIterator<Item = Arc<TenantPiece>>) -> Self {
        let tenants: HashMap<_, _> = tenants.into_iter().map(|t| (t.piece.value.id, t)).collect();
        let owners = tenants.values().flat_map(|t| places(&t.piece.value)).collect();
        Self { platform, tenants, owners }
    }

    /// A tenant.
    #[must_use]
    pub fn tenant(&self, id: TenantId) -> Option<&Arc<TenantPiece>> {
        self.tenants.get(&id)
    }

    /// All tenants.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<TenantPiece>> {
        self.tenants.values()
    }

    /// Who owns a number, and the number.
    #[must_use]
    pub fn owner(&self, number: E164) -> Option<(&Arc<TenantPiece>, &Owned)> {
        let (tenant, place) = self.owners.get(&number)?;
        let tenant = self.tenants.get(tenant)?;
        Some((tenant, tenant.piece.value.numbers.get(*place)?))
    }

    /// Whether a tenant owns a number.
    #[must_use]
    pub fn owns(&self, tenant: TenantId, number: E164) -> bool {
        self.owners.get(&number).is_some_and(|(owner, _)| *owner == tenant)
    }

    /// A plan.
    #[must_use]
    pub fn plan(&self, id: PlanId) -> Option<&PricePlan> {
        self.platform.value.plans.iter().find(|plan| plan.id == id)
    }

    /// A carrier.
    #[must_use]
    pub fn carrier(&self, id: CarrierId) -> Option<&Carrier> {
        self.platform.value.carriers.iter().find(|carrier| carrier.id == id)
    }
}

fn places(tenant: &Tenant) -> impl Iterator<Item = (E164, (TenantId, usize))> + '_ {
    tenant.numbers.iter().enumerate().map(|(place, owned)| (owned.number, (tenant.id, place)))
}

impl Tenant {
    /// A trunk by its name, compared without case.
    #[must_use]
    pub fn trunk(&self, fqdn: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.fqdn.eq_ignore_ascii_case(fqdn))
    }
}

impl Trunk {
    /// Why calls to this trunk are refused as it stands; `None` where it can be tried.
    #[must_use]
    pub fn unusable(&self, abilities: Abilities) -> Option<String> {
        let fqdn = &self.fqdn;
        if !self.enabled {
            return Some(format!("trunk {fqdn} is switched off"));
        }
        if self.transport == Transport::Tls && !abilities.sip_tls {
            return Some(format!(
                "trunk {fqdn} asks for SIP over TLS, which this version does not speak yet: set its transport to udp or tcp"
            ));
        }
        if self.srtp == Srtp::Required && !abilities.srtp {
            return Some(format!(
                "trunk {fqdn} requires SRTP, which this version does not relay yet: set media.srtp to off or optional"
            ));
        }
        (self.health == Health::Offline)
            .then(|| format!("trunk {fqdn} is offline: it missed its last health checks"))
    }
}
