//! The configuration in memory: what calls, keys and phones are checked against. It is swapped whole; only the pieces
//! that changed are built anew.

pub(crate) mod load;
mod refresh;
mod stale;
mod timing;

pub(crate) use load::empty;
pub use refresh::refresh;
pub use stale::{Stale, retry, stale, stale_counts};
pub use timing::{Refreshes, refreshes};

use arc_swap::ArcSwap;
use domain::{
    config::{Authentication, CarrierHost, Snapshot, TenantPiece, Transport, Trunk},
    ids::{CarrierId, SipUserId, TenantId, TrunkId},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use crate::{tenants::TenantStatus, vault::Secret};

/// What changed, and must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// One tenant: its limits, numbers, trunks, routes, users or keys.
    Tenant(TenantId),
    /// Carriers or plans.
    Platform,
    /// All of it.
    Everything,
}

/// The secret of a SIP user, by algorithm.
#[derive(Clone)]
pub struct Credential {
    /// Whose.
    pub user: SipUserId,
    /// H(username:realm:password) by MD5, lower-case hexadecimal.
    pub ha1_md5: Secret,
    /// The same by SHA-256.
    pub ha1_sha256: Secret,
}

/// An access key.
#[derive(Clone)]
pub struct Key {
    /// `primary` or `secondary`.
    pub slot: String,
    /// Its bytes.
    pub secret: Secret,
}

/// A tenant in memory.
pub struct LiveTenant {
    /// What decides its calls.
    pub piece: Arc<TenantPiece>,
    /// Its name.
    pub name: String,
    /// Whether it may call and buy.
    pub status: TenantStatus,
    /// Its SIP users' secrets, by username.
    pub credentials: HashMap<String, Credential>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// The passwords with which we answer challenges of its trunks.
    pub trunk_secrets: HashMap<TrunkId, Secret>,
}

/// A party that is known by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// Its port.
    pub port: u16,
    /// Its transport.
    pub transport: Transport,
    /// Who.
    pub who: Who,
}

/// Who is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A trunk of a tenant.
    Trunk(TenantId, TrunkId),
    /// A carrier.
    Carrier(CarrierId),
}

/// All configuration at one moment.
#[derive(Clone)]
pub struct Live {
    /// What decides calls.
    pub config: Arc<Snapshot>,
    tenants: HashMap<TenantId, Arc<LiveTenant>>,
    by_sip_domain: HashMap<String, TenantId>,
    by_address: HashMap<IpAddr, Vec<Sender>>,
    /// Trunks that are known by their certificate, by their name.
    by_fqdn: HashMap<String, Who>,
    /// All trunks, by their name.
    by_name: HashMap<String, TenantId>,
    carrier_secrets: Arc<HashMap<CarrierId, Secret>>,
}

impl Live {
    /// Joins the pieces, and makes the indexes.
    pub(crate) fn new(config: Snapshot, tenants: HashMap<TenantId, Arc<LiveTenant>>) -> Self {
        let by_sip_domain =
            tenants.values().map(|t| (t.piece.piece.value.sip_domain.clone(), t.id())).collect();
        let mut by_address: HashMap<IpAddr, Vec<Sender>> = HashMap::new();
        let trunks = tenants.values().flat_map(|tenant| trunk_senders(tenant));
        for (ip, sender) in carrier_senders(&config).chain(trunks) {
            by_address.entry(ip).or_default().push(sender);
        }
        let by_fqdn = tenants.values().flat_map(|tenant| certified_trunks(tenant)).collect();
        let fqdns = tenants.values().flat_map(|tenant| {
            let trunks = tenant.piece.piece.value.trunks.iter();
            trunks.map(|trunk| (trunk.fqdn.to_ascii_lowercase(), tenant.id()))
        });
        let by_name = fqdns.collect();
        let carrier_secrets = Arc::default();
        Self {
            config: Arc::new(config),
            tenants,
            by_sip_domain,
            by_address,
            by_fqdn,
            by_name,
            carrier_secrets,
        }
    }

    /// The same with the passwords with which we answer challenges of carriers.
    pub(crate) fn with_carrier_secrets(self, carrier_secrets: Arc<HashMap<CarrierId, Secret>>) -> Self {
        Self { carrier_secrets, ..self }
    }

    /// The password with which we answer challenges of a carrier. It goes to the realm of its credentials alone.
    #[must_use]
    pub fn carrier_secret(&self, id: CarrierId) -> Option<&Secret> {
        self.carrier_secrets.get(&id)
    }

    /// The password with which we answer challenges of a trunk. It goes to the realm of its credentials alone.
    #[must_use]
    pub fn trunk_secret(&self, tenant: TenantId, trunk: TrunkId) -> Option<&Secret> {
        self.tenants.get(&tenant)?.trunk_secrets.get(&trunk)
    }

    /// A tenant.
    #[must_use]
    pub fn tenant(&self, id: TenantId) -> Option<&Arc<LiveTenant>> {
        self.tenants.get(&id)
    }

    /// All tenants, in no order.
    pub fn tenants(&self) -> impl ExactSizeIterator<Item = &Arc<LiveTenant>> {
        self.tenants.values()
    }

    /// The tenant of a SIP domain (a realm), compared without case.
    #[must_use]
    pub fn by_sip_domain(&self, domain: &str) -> Option<&Arc<LiveTenant>> {
        let id = match self.by_sip_domain.get(domain) {
            Some(id) => id,
            None => self.by_sip_domain.get(&domain.to_ascii_lowercase())?,
        };
        self.tenants.get(id)
    }

    /// A trunk by its FQDN, compared without case; names are unique on the platform.
    #[must_use]
    pub fn trunk_by_name(&self, fqdn: &str) -> Option<(&Arc<LiveTenant>, &Trunk)> {
        let id = match self.by_name.get(fqdn) {
            Some(id) => id,
            None => self.by_name.get(&fqdn.to_ascii_lowercase())?,
        };
        let tenant = self.tenants.get(id)?;
        Some((tenant, tenant.piece.piece.value.trunk(fqdn)?))
    }

    /// Whoever is said to be at an address: carriers first, then trunks.
    #[must_use]
    pub fn senders(&self, ip: IpAddr) -> &[Sender] {
        self.by_address.get(&ip).map_or(&[], Vec::as_slice)
    }

    /// The trunk of this name that is known by its certificate; compared without case.
    #[must_use]
    pub fn certified(&self, fqdn: &str) -> Option<Who> {
        self.by_fqdn.get(fqdn.to_ascii_lowercase().trim_end_matches('.')).copied()
    }

    /// The names of all trunks that are known by their certificate.
    pub fn certified_names(&self) -> impl Iterator<Item = &str> {
        self.by_fqdn.keys().map(String::as_str)
    }

    /// Whether a carrier beside the simulated one is switched on.
    #[must_use]
    pub fn has_real_carrier(&self) -> bool {
        self.config.platform.value.carriers.iter().any(|carrier| !carrier.sandbox && carrier.enabled)
    }
}

impl LiveTenant {
    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> TenantId {
        self.piece.piece.value.id
    }

    /// Its slug.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.piece.piece.value.slug
    }
}

fn trunk_senders(tenant: &LiveTenant) -> impl Iterator<Item = (IpAddr, Sender)> + '_ {
    let id = tenant.id();
    let by_address = |trunk: &&Trunk| trunk.enabled && trunk.authentication() == Authentication::Address;
    tenant.piece.piece.value.trunks.iter().filter(by_address).flat_map(move |trunk| {
        trunk.addresses.iter().map(move |place| {
            let port = place.port.unwrap_or(trunk.port);
            (place.ip, Sender { port, transport: trunk.transport, who: Who::Trunk(id, trunk.id) })
        })
    })
}

fn certified_trunks(tenant: &LiveTenant) -> impl Iterator<Item = (String, Who)> + '_ {
    let id = tenant.id();
    let trunks = tenant.piece.piece.value.trunks.iter();
    trunks
        .filter(|trunk| trunk.enabled && trunk.authentication() == Authentication::Certificate)
        .map(move |trunk| (trunk.fqdn.to_ascii_lowercase(), Who::Trunk(id, trunk.id)))
}

fn carrier_senders(config: &Snapshot) -> impl Iterator<Item = (IpAddr, Sender)> + '_ {
    let host = |id, host: &CarrierHost| {
        let ip: IpAddr = host.address.parse().ok()?;
        Some((ip, Sender { port: host.port, transport: host.transport, who: Who::Carrier(id) }))
    };
    let carriers = config.platform.value.carriers.iter().filter(|carrier| carrier.enabled);
    carriers.flat_map(move |carrier| carrier.hosts.iter().filter_map(move |h| host(carrier.id, h)))
}

/// Where the current configuration is kept.
pub(crate) struct Cell {
    current: ArcSwap<Live>,
    /// One refresh at a time: the last one has seen every change that was committed before it began.
    pub(crate) refreshing: tokio::sync::Mutex<()>,
    /// What could not be built.
    pub(crate) stale: stale::State,
    /// How quickly it follows.
    pub(crate) timing: timing::Timing,
}

impl Cell {
    pub(crate) fn new(live: Live) -> Self {
        Self {
            current: ArcSwap::from_pointee(live),
            refreshing: tokio::sync::Mutex::new(()),
            stale: stale::State::default(),
            timing: timing::Timing::default(),
        }
    }

    pub(crate) fn load(&self) -> Arc<Live> {
        self.current.load_full()
    }

    pub(crate) fn swap(&self, live: Live) {
        self.current.store(Arc::new(live));
    }
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell").field("tenants", &self.current.load().tenants.len()).finish_non_exhaustive()
    }
}

impl Sender {
    /// Whether it calls from this address's port.
    #[must_use]
    pub const fn is_at(&self, source: SocketAddr) -> bool {
        self.port == source.port()
    }
}
