//! How much is being called at this moment, by tenant, trunk and carrier: calls that are up, and calls that began in the
//! last second.
//!
//! A call counts for its payer, for the trunk or carrier that it came from, and for the one that it is being put
//! through to: the first of its plan from the decision on, and the one that answered from the answer on. Tries between
//! the two are not counted: they last as long as a failure takes. What is full is known before a call is decided, and is
//! checked once more when its place is taken, so that calls which are decided at the same moment on several shards never
//! take one place twice.
//!
//! The counters of a tenant and of its trunks stand behind one of [`PARTS`] locks, those of all carriers behind one; each
//! is held for as long as a few numbers take.

mod counted;
mod counter;
mod seat;
#[cfg(test)]
mod tests;

pub(super) use counted::Counted;
pub(super) use seat::{Seat, Seated};

use super::State;
use counter::{Clock, Counter, Reading};
use domain::{
    config::{CarrierOrder, Limits, Snapshot},
    decision::{Facts, Peer, PeerLoad, Source, Target},
    ids::{CarrierId, TenantId, TrunkId},
};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// Parts of the table of tenants, each with its own lock.
const PARTS: usize = 64;
/// Parties of one part or tenant from which on idle ones are forgotten before another is added.
const TIDY_FROM: usize = 256;

/// A tenant and its trunks.
#[derive(Debug, Default)]
struct TenantUse {
    own: Counter,
    /// Each with its limits as they were when its last place was taken.
    trunks: HashMap<TrunkId, (Counter, Limits)>,
}

/// The counters of this node.
#[derive(Debug)]
pub(crate) struct Usage {
    clock: Clock,
    hasher: RandomState,
    tenants: [Mutex<HashMap<TenantId, TenantUse>>; PARTS],
    carriers: Mutex<HashMap<CarrierId, Counter>>,
    live: AtomicU64,
}

impl Usage {
    pub(super) fn new(origin: Instant) -> Self {
        Self {
            clock: Clock(origin),
            hasher: RandomState::new(),
            tenants: std::array::from_fn(|_| Mutex::default()),
            carriers: Mutex::default(),
            live: AtomicU64::new(0),
        }
    }

    fn part(&self, tenant: TenantId) -> &Mutex<HashMap<TenantId, TenantUse>> {
        let place = usize::try_from(self.hasher.hash_one(tenant) % PARTS as u64).unwrap_or_default();
        &self.tenants[place]
    }

    /// Works on the counters of a tenant.
    fn tenant<T>(&self, tenant: TenantId, slot: u64, work: impl FnOnce(&mut TenantUse) -> T) -> T {
        let mut part = State::lock(self.part(tenant));
        if part.len() >= TIDY_FROM && !part.contains_key(&tenant) {
            part.retain(|_, known| !known.is_idle(slot));
        }
        work(part.entry(tenant).or_default())
    }

    /// Works on the counter of a trunk or carrier, which has these limits.
    fn peer<T>(
        &self,
        peer: Seated,
        limits: Option<Limits>,
        slot: u64,
        work: impl FnOnce(&mut Counter) -> T,
    ) -> T {
        match peer {
            Seated::Trunk(tenant, trunk) => self.tenant(tenant, slot, |known| {
                if known.trunks.len() >= TIDY_FROM && !known.trunks.contains_key(&trunk) {
                    known.trunks.retain(|_, (counter, _)| !counter.is_idle(slot));
                }
                let (counter, known_limits) = known.trunks.entry(trunk).or_default();
                *known_limits = limits.unwrap_or(*known_limits);
                work(counter)
            }),
            Seated::Carrier(carrier) => {
                let mut carriers = State::lock(&self.carriers);
                if carriers.len() >= TIDY_FROM && !carriers.contains_key(&carrier) {
                    carriers.retain(|_, counter| !counter.is_idle(slot));
                }
                work(carriers.entry(carrier).or_default())
            }
        }
    }

    /// Counts a call that begins, for its payer. What there was before it.
    pub(super) fn begin(&self, payer: TenantId, now: Instant) -> Reading {
        let slot = self.clock.slot(now);
        self.live.fetch_add(1, Ordering::Relaxed);
        self.tenant(payer, slot, |known| known.own.begin(slot))
    }

    /// Takes back what [`Usage::begin`] counted, for a call that was refused.
    pub(super) fn undo(&self, payer: TenantId, begun: Instant) {
        let slot = self.clock.slot(begun);
        self.live.fetch_sub(1, Ordering::Relaxed);
        self.tenant(payer, slot, |known| known.own.undo(slot));
    }

    /// Counts a call of a payer that is over.
    pub(super) fn end(&self, payer: TenantId) {
        let slot = self.clock.slot(Instant::now());
        self.live.fetch_sub(1, Ordering::Relaxed);
        self.tenant(payer, slot, |known| known.own.end());
    }

    /// Takes a place of a trunk or carrier, where its limits leave one; else its load.
    fn take(&self, peer: Seated, limits: Limits, now: Instant) -> Result<(), PeerLoad> {
        let slot = self.clock.slot(now);
        self.peer(peer, Some(limits), slot, |counter| {
            let reading = counter.read(slot);
            if is_full(reading, limits) {
                return Err(load(peer.peer(), reading));
            }
            counter.begin(slot);
            Ok(())
        })
    }

    /// Counts a call for a trunk or carrier, whatever its limits say.
    fn count(&self, peer: Seated, now: Instant) {
        let slot = self.clock.slot(now);
        self.peer(peer, None, slot, |counter| counter.begin(slot));
    }

    /// Takes back what was counted for a trunk or carrier.
    pub(super) fn give_back(&self, peer: Seated, taken: Instant) {
        let slot = self.clock.slot(taken);
        self.peer(peer, None, slot, |counter| counter.undo(slot));
    }

    /// Counts a call of a trunk or carrier that is over.
    fn leave(&self, peer: Seated) {
        let slot = self.clock.slot(Instant::now());
        self.peer(peer, None, slot, Counter::end);
    }

    /// Calls of a tenant that are up, and that began in the last second.
    pub(super) fn read(&self, tenant: TenantId) -> Reading {
        self.read_at(tenant, Instant::now())
    }

    fn read_at(&self, tenant: TenantId, now: Instant) -> Reading {
        let slot = self.clock.slot(now);
        let mut part = State::lock(self.part(tenant));
        part.get_mut(&tenant).map_or((0, 0), |known| known.own.read(slot))
    }

    /// Calls that are up, over all tenants.
    pub(super) fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// The loads that may change the decision on a call: of the trunks of the tenants that it touches those that are
    /// full; of the carriers too, and of all that are busy where their order goes by room.
    pub(super) fn loads(&self, snapshot: &Snapshot, facts: &Facts, now: Instant) -> Vec<PeerLoad> {
        let caller = match &facts.source {
            Source::App { tenant } | Source::Trunk { tenant, .. } => Some(*tenant),
            Source::Carrier { .. } | Source::Test { .. } => None,
        };
        let owner = facts.to.e164().and_then(|number| snapshot.owner(number)).map(|(_, owned)| owned.tenant);
        let mut loads = Vec::new();
        self.full_trunks(caller, now, &mut loads);
        self.full_trunks(owner.filter(|owner| Some(*owner) != caller), now, &mut loads);
        self.busy_carriers(snapshot, now, &mut loads);
        loads
    }

    /// Goes by the trunks that are busy, which are few, and not by all that the tenant has.
    fn full_trunks(&self, tenant: Option<TenantId>, now: Instant, loads: &mut Vec<PeerLoad>) {
        let Some(tenant) = tenant else { return };
        let slot = self.clock.slot(now);
        let mut part = State::lock(self.part(tenant));
        let Some(known) = part.get_mut(&tenant) else { return };
        for (trunk, (counter, limits)) in &mut known.trunks {
            let reading = counter.read(slot);
            if is_full(reading, *limits) {
                loads.push(load(Peer::Trunk(*trunk), reading));
            }
        }
    }

    fn busy_carriers(&self, snapshot: &Snapshot, now: Instant, loads: &mut Vec<PeerLoad>) {
        let slot = self.clock.slot(now);
        let platform = &snapshot.platform.value;
        let enabled = platform.carriers.iter().filter(|carrier| carrier.enabled);
        let goes_by_room =
            platform.carrier_order.contains(&CarrierOrder::Capacity) && enabled.clone().nth(1).is_some();
        let mut carriers = State::lock(&self.carriers);
        for carrier in enabled {
            let Some(counter) = carriers.get_mut(&carrier.id) else { continue };
            let reading = counter.read(slot);
            if is_full(reading, carrier.limits) || (goes_by_room && reading.0 > 0) {
                loads.push(load(Peer::Carrier(carrier.id), reading));
            }
        }
    }
}

impl TenantUse {
    fn is_idle(&mut self, slot: u64) -> bool {
        self.own.is_idle(slot) && self.trunks.values_mut().all(|(counter, _)| counter.is_idle(slot))
    }
}

const fn is_full((live, last_second): Reading, limits: Limits) -> bool {
    live >= limits.max_calls || last_second >= limits.calls_per_second
}

const fn load(peer: Peer, (live_calls, calls_last_second): Reading) -> PeerLoad {
    PeerLoad { peer, live_calls, calls_last_second }
}

/// Where a try is counted, and its limits; `None` for a user, who has none of his own.
pub(super) fn seat_of(snapshot: &Snapshot, target: &Target) -> Option<(Seated, Limits)> {
    match target {
        Target::User { .. } | Target::Echo => None,
        Target::Trunk { tenant, fqdn } => {
            let (_, trunk) = snapshot.tenant(*tenant)?.trunk(fqdn)?;
            Some((Seated::Trunk(*tenant, trunk.id), trunk.limits))
        }
        Target::Carrier { carrier, .. } => {
            Some((Seated::Carrier(*carrier), snapshot.carrier(*carrier)?.limits))
        }
    }
}

/// Where a call comes from, as far as it is counted there.
pub(super) fn seat_of_source(snapshot: &Snapshot, facts: &Facts) -> Option<(Seated, Limits)> {
    match &facts.source {
        Source::App { .. } | Source::Test { .. } => None,
        Source::Trunk { tenant, fqdn } => {
            let (_, trunk) = snapshot.tenant(*tenant)?.trunk(fqdn)?;
            Some((Seated::Trunk(*tenant, trunk.id), trunk.limits))
        }
        Source::Carrier { carrier } => {
            let carrier = (*carrier)?;
            Some((Seated::Carrier(carrier), snapshot.carrier(carrier)?.limits))
        }
    }
}
