//! All configuration at one moment, made of pieces that are kept by the hash of their content.

use super::{
    brief::{Aim, Briefs, RouteBrief},
    carrier::Carrier,
    platform::{Abilities, Platform},
    tenant::Tenant,
    trunk::Trunk,
    window::is_open,
};
use crate::{
    deck::Deck,
    identity::AppUser,
    ids::{CarrierId, PlanId, TenantId, TrunkId},
    numbering::Owned,
    phone::E164,
    prefix::PrefixIndex,
    rating::{Line, PricePlan, Rate},
    routing::{CompiledRewrites, Rewrites, RouteTable},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

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

impl<T> Piece<T> {
    /// A value as it was kept under a version. It keeps that version, even where its JSON is written otherwise today.
    pub const fn kept(version: String, value: T) -> Self {
        Self { version, value }
    }
}

/// The number manipulation of a peer, compiled; both are empty for most.
#[derive(Debug, Default)]
pub struct PeerRewrites {
    /// Of calls that come from it.
    pub inbound: CompiledRewrites,
    /// Of calls that go to it.
    pub outbound: CompiledRewrites,
}

/// `None` where a peer has none.
fn peer_rewrites(inbound: &Rewrites, outbound: &Rewrites) -> Option<Arc<PeerRewrites>> {
    let nothing = Rewrites::default();
    if *inbound == nothing && *outbound == nothing {
        return None;
    }
    let compile = CompiledRewrites::compile;
    Some(Arc::new(PeerRewrites { inbound: compile(inbound), outbound: compile(outbound) }))
}

/// A tenant with what calls look up in it: its routes compiled, its trunks and users by name.
#[derive(Debug)]
pub struct TenantPiece {
    /// The content and its version.
    pub piece: Piece<Tenant>,
    /// The compiled routes.
    pub routes: Arc<RouteTable>,
    briefs: Briefs,
    trunks: HashMap<String, u32>,
    /// Of each trunk; empty where no trunk has any.
    rewrites: Vec<Option<Arc<PeerRewrites>>>,
    users: HashSet<String>,
    /// Whether the name of a user looks like a number.
    has_plus_user: bool,
}

impl TenantPiece {
    /// Compiles a tenant.
    #[must_use]
    pub fn new(tenant: Tenant) -> Self {
        Self::build(Piece::new(tenant), None)
    }

    /// Compiles a tenant as it was kept under a version.
    #[must_use]
    pub fn kept(piece: Piece<Tenant>) -> Self {
        Self::build(piece, None)
    }

    /// Compiles what a change left different from before: the routes only where they changed.
    #[must_use]
    pub fn changed(tenant: Tenant, before: &Self) -> Self {
        Self::build(Piece::new(tenant), Some(before))
    }

    fn build(piece: Piece<Tenant>, before: Option<&Self>) -> Self {
        let tenant = &piece.value;
        let same_routes = before.filter(|before| before.piece.value.routes == tenant.routes);
        let routes = same_routes.map_or_else(
            || Arc::new(RouteTable::compile(&tenant.routes)),
            |before| Arc::clone(&before.routes),
        );
        let trunks: HashMap<String, u32> = (0..)
            .zip(&tenant.trunks)
            .map(|(place, trunk)| (trunk.fqdn.to_ascii_lowercase(), place))
            .collect();
        let mut rewrites: Vec<_> = tenant.trunks.iter().map(|trunk| trunk_rewrites(trunk, before)).collect();
        if rewrites.iter().all(Option::is_none) {
            rewrites = Vec::new();
        }
        let briefs = Briefs::new(tenant, &trunks);
        let users = tenant.users.iter().cloned().collect();
        let has_plus_user = tenant.users.iter().any(|user| user.starts_with('+'));
        Self { routes, briefs, trunks, rewrites, users, has_plus_user, piece }
    }

    /// A trunk by its name, compared without case, and its place among the trunks.
    #[must_use]
    pub fn trunk(&self, fqdn: &str) -> Option<(usize, &Trunk)> {
        let place = match self.trunks.get(fqdn) {
            Some(place) => *place,
            None => *self.trunks.get(&fqdn.to_ascii_lowercase())?,
        };
        self.trunk_at(place)
    }

    fn trunk_at(&self, place: u32) -> Option<(usize, &Trunk)> {
        let place = place as usize;
        Some((place, self.piece.value.trunks.get(place)?))
    }

    /// A route, as far as most decisions look; `None` where there is none at this place.
    #[must_use]
    pub fn route(&self, place: usize) -> Option<RouteBrief<'_>> {
        self.briefs.route(place)
    }

    /// The trunk that one of a route's aims names; `None` where there is no such trunk.
    #[must_use]
    pub fn target(&self, aim: &Aim) -> Option<(usize, &Trunk)> {
        self.trunk_at(aim.trunk?)
    }

    /// The name of the trunk at a place.
    #[must_use]
    pub fn fqdn(&self, trunk: usize) -> Option<&str> {
        self.briefs.fqdn(trunk)
    }

    /// The trunk at a place by its identifier, where nothing in its settings keeps it from being tried: the short answer
    /// to [`Trunk::unusable`].
    #[must_use]
    pub fn ready(&self, trunk: usize, abilities: Abilities) -> Option<TrunkId> {
        self.briefs.ready(trunk, abilities)
    }

    /// Whether the trunk at a place requires SRTP over signalling that is not encrypted: its keys are in that.
    #[must_use]
    pub fn shows_keys(&self, trunk: usize) -> bool {
        self.briefs.shows_keys(trunk)
    }

    /// The statuses on which a call goes on from the trunk at a place, where it sets them itself.
    #[must_use]
    pub fn failover_on(&self, trunk: usize) -> Option<&[u16]> {
        if !self.briefs.sets_failover(trunk) {
            return None;
        }
        self.piece.value.trunks.get(trunk)?.policy.failover_on.as_deref()
    }

    /// The number manipulation of the trunk at a place.
    #[must_use]
    pub fn rewrites(&self, trunk: usize) -> Option<&PeerRewrites> {
        self.rewrites.get(trunk)?.as_deref()
    }

    /// Whether it has a SIP user of this name, or this names a user of its app. (Those are many, and not kept here: where
    /// one was deleted, nobody is registered under its name.)
    #[must_use]
    pub fn has_user(&self, username: &str) -> bool {
        let is_plus = username.starts_with('+');
        (!is_plus || self.has_plus_user) && self.users.contains(username)
            || username.parse::<AppUser>().is_ok_and(|user| user.tenant == self.piece.value.id)
    }
}

/// Taken over from before where they did not change.
fn trunk_rewrites(trunk: &Trunk, before: Option<&TenantPiece>) -> Option<Arc<PeerRewrites>> {
    let policy = &trunk.policy;
    let same = before.and_then(|before| {
        let (place, old) = before.trunk(&trunk.fqdn)?;
        let is_same = old.policy.inbound == policy.inbound && old.policy.outbound == policy.outbound;
        if is_same { before.rewrites.get(place)?.clone() } else { None }
    });
    same.or_else(|| peer_rewrites(&policy.inbound, &policy.outbound))
}

/// What belongs to no tenant, with what calls look up in it.
#[derive(Debug)]
pub struct PlatformPiece {
    /// Its version.
    pub version: String,
    /// The content.
    pub value: Platform,
    plans: HashMap<PlanId, (usize, PrefixIndex)>,
    carriers: HashMap<CarrierId, usize>,
    /// Every prefix of every enabled carrier: the carrier's place and the prefix's among the carrier's.
    prefixes: (PrefixIndex, Vec<(u32, u32)>),
    rewrites: Vec<Option<Arc<PeerRewrites>>>,
    decks: Decks,
    /// The carriers with a deck, and the deck of each.
    deck_carriers: Vec<(usize, Arc<Deck>)>,
}

/// Decks by the hash of their content. They are too large to be kept in each version of the platform: plans and carriers
/// name them by their hash, and all share one.
pub type Decks = HashMap<String, Arc<Deck>>;

impl PlatformPiece {
    /// Indexes the platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self::kept(Piece::new(platform), Decks::new())
    }

    /// Indexes the platform with the decks that it names.
    #[must_use]
    pub fn with_decks(platform: Platform, decks: Decks) -> Self {
        Self::kept(Piece::new(platform), decks)
    }

    /// Indexes the platform as it was kept under a version, with the decks that it names.
    #[must_use]
    pub fn kept(piece: Piece<Platform>, decks: Decks) -> Self {
        let Piece { version, value } = piece;
        let plan = |(place, plan): (usize, &PricePlan)| {
            (plan.id, (place, PrefixIndex::new(plan.outbound.iter().map(|rate| rate.prefix.as_str()))))
        };
        let plans = value.plans.iter().enumerate().map(plan).collect();
        let rewrites = value
            .carriers
            .iter()
            .map(|carrier| peer_rewrites(&carrier.policy.inbound, &carrier.policy.outbound))
            .collect();
        let carriers = value.carriers.iter().enumerate().map(|(at, carrier)| (carrier.id, at)).collect();
        let mut places = Vec::new();
        let mut texts = Vec::new();
        for (at, carrier) in (0..).zip(&value.carriers) {
            for (prefix_at, prefix) in (0..).zip(&carrier.prefixes) {
                places.push((at, prefix_at));
                texts.push(prefix.prefix.as_str());
            }
        }
        let prefixes = (PrefixIndex::new(texts), places);
        let deck_of = |(at, carrier): (usize, &Carrier)| {
            Some((at, Arc::clone(decks.get(&carrier.deck.as_ref()?.hash)?)))
        };
        let deck_carriers = value.carriers.iter().enumerate().filter_map(deck_of).collect();
        Self { version, plans, carriers, prefixes, rewrites, decks, deck_carriers, value }
    }

    /// A deck by the hash of its content.
    #[must_use]
    pub fn deck(&self, hash: &str) -> Option<&Arc<Deck>> {
        self.decks.get(hash)
    }

    /// The decks that plans and carriers name.
    #[must_use]
    pub const fn decks(&self) -> &Decks {
        &self.decks
    }

    /// What carriers with decks ask for a call to a number: the carrier's place, the length of the prefix, and the cost of a
    /// minute.
    pub fn deck_costs(&self, number: E164) -> impl Iterator<Item = (usize, u8, i64)> + '_ {
        self.deck_carriers.iter().filter_map(move |(carrier, deck)| {
            let row = deck.find(number)?;
            Some((*carrier, u8::try_from(row.prefix.len()).ok()?, row.rate.per_minute_micros))
        })
    }

    /// The prefixes of carriers that a number begins with, the longest first: the length, the carrier's place, and the
    /// prefix's place among those of the carrier.
    pub fn prefixes(&self, number: E164) -> impl Iterator<Item = (u8, usize, usize)> + '_ {
        let (index, places) = &self.prefixes;
        index.find(number).filter_map(move |(length, place)| {
            let (carrier, prefix) = *places.get(place)?;
            Some((length, carrier as usize, prefix as usize))
        })
    }

    /// The number manipulation of the carrier at a place.
    #[must_use]
    pub fn rewrites(&self, carrier: usize) -> Option<&PeerRewrites> {
        self.rewrites.get(carrier)?.as_deref()
    }
}

/// All configuration at one moment. Cheap to make from pieces that did not change.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What belongs to no tenant.
    pub platform: Arc<PlatformPiece>,
    tenants: HashMap<TenantId, Arc<TenantPiece>>,
    /// A number's owner, and its place among the owner's numbers.
    owners: HashMap<E164, (TenantId, usize)>,
}

impl Snapshot {
    /// Joins pieces.
    #[must_use]
    pub fn new(platform: Arc<PlatformPiece>, tenants: impl IntoIterator<Item = Arc<TenantPiece>>) -> Self {
        let tenants: HashMap<_, _> = tenants.into_iter().map(|t| (t.piece.value.id, t)).collect();
        let owners = tenants.values().flat_map(|t| places(&t.piece.value)).collect();
        Self { platform, tenants, owners }
    }

    /// The same with one tenant as it is now; `None` where it is gone. Only its own numbers are looked at.
    #[must_use]
    pub fn with_tenant(&self, id: TenantId, now: Option<Arc<TenantPiece>>) -> Self {
        let mut next = self.clone();
        if let Some(before) = next.tenants.remove(&id) {
            for owned in &before.piece.value.numbers {
                // A number may be another tenant's by now.
                if next.owners.get(&owned.number).is_some_and(|(owner, _)| *owner == id) {
                    next.owners.remove(&owned.number);
                }
            }
        }
        if let Some(now) = now {
            next.owners.extend(places(&now.piece.value));
            next.tenants.insert(id, now);
        }
        next
    }

    /// The same with the platform as it is now.
    #[must_use]
    pub fn with_platform(&self, platform: Arc<PlatformPiece>) -> Self {
        Self { platform, ..self.clone() }
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
        let (place, _) = self.platform.plans.get(&id)?;
        self.platform.value.plans.get(*place)
    }

    /// What a plan asks for a call to a number that arrives at a moment: by the longest prefix, of its own rates or of its
    /// deck, and where they are equally long by its own. `None` where the plan does not sell it.
    #[must_use]
    pub fn outbound(&self, plan: &PricePlan, number: E164, at: DateTime<Utc>) -> Option<Line> {
        let own = self.own_rate(plan, number, at);
        let row = plan.deck.as_ref().and_then(|deck| self.platform.deck(&deck.hash)?.find(number));
        match (own, row) {
            (own, Some(row)) if own.is_none_or(|(length, _)| usize::from(length) < row.prefix.len()) => {
                let price = (row.rate.per_minute_micros, row.rate.terms);
                Some(plan.outbound_by_deck((&row.prefix.to_string(), &row.destination.name), price, at))
            }
            (Some((_, rate)), _) => Some(plan.outbound_at(rate, at)),
            (None, _) => None,
        }
    }

    /// The rate of a plan's own by the longest prefix that is open, and its length. Of equal prefixes the last one counts.
    fn own_rate<'p>(&self, plan: &'p PricePlan, number: E164, at: DateTime<Utc>) -> Option<(u8, &'p Rate)> {
        let (_, index) = self.platform.plans.get(&plan.id)?;
        let mut found: Option<(u8, &Rate)> = None;
        for (length, place) in index.find(number) {
            if found.is_some_and(|(longest, _)| length < longest) {
                break;
            }
            let Some(rate) = plan.outbound.get(place) else { continue };
            if is_open(&rate.windows, at) {
                found = Some((length, rate));
            }
        }
        found
    }

    /// A carrier.
    #[must_use]
    pub fn carrier(&self, id: CarrierId) -> Option<&Carrier> {
        self.platform.value.carriers.get(self.carrier_place(id)?)
    }

    /// A carrier's place among the carriers.
    #[must_use]
    pub fn carrier_place(&self, id: CarrierId) -> Option<usize> {
        self.platform.carriers.get(&id).copied()
    }
}

fn places(tenant: &Tenant) -> impl Iterator<Item = (E164, (TenantId, usize))> + '_ {
    tenant.numbers.iter().enumerate().map(|(place, owned)| (owned.number, (tenant.id, place)))
}
