//! What is known in memory: sums, stops that are in force, and the countries that were called.

use crate::{App, exposure::Totals};
use arc_swap::ArcSwap;
use domain::{
    ids::TenantId,
    velocity::{Stop, Table},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use uuid::Uuid;

/// Countries of all tenants that are remembered; beyond, the database is asked.
const COUNTRIES_MAX: usize = 1_000_000;

/// A stop in force.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) stop: Stop,
    /// Whether calls that are up end too.
    pub(super) ends_calls: bool,
    /// Whether it stands in the database.
    pub(super) is_written: bool,
}

/// Stops in force, by tenant.
pub(super) type Stops = HashMap<TenantId, Vec<Known>>;

/// What is known in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    meters: Mutex<Table>,
    stops: ArcSwap<Stops>,
    /// One change of the stops at a time.
    changing: Mutex<()>,
    countries: Mutex<HashSet<(TenantId, [u8; 2])>>,
    stopped: AtomicU64,
    totals: Mutex<Totals>,
}

/// Locks; a thread that panicked leaves whole values behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The sums of all tenants whose spending is limited.
    pub(super) fn meters(&self) -> MutexGuard<'_, Table> {
        lock(&self.meters)
    }

    /// What is stopped of a tenant. Nothing in nearly all cases, which costs a look at an empty map.
    pub(crate) fn stops(&self, tenant: TenantId) -> Vec<Stop> {
        let stops = self.stops.load();
        let Some(known) = stops.get(&tenant) else { return Vec::new() };
        known.iter().map(|known| known.stop.clone()).collect()
    }

    /// All stops that are known.
    pub(super) fn all(&self) -> std::sync::Arc<Stops> {
        self.stops.load_full()
    }

    /// Changes the stops, and answers what the change does.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Stops) -> T) -> T {
        let _one = lock(&self.changing);
        let mut stops = Stops::clone(&self.stops.load());
        let done = change(&mut stops);
        stops.retain(|_, of_tenant| !of_tenant.is_empty());
        self.stops.store(std::sync::Arc::new(stops));
        done
    }

    pub(super) fn count(&self) {
        self.stopped.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps what all tenants may owe at worst, as it was measured last.
    pub(crate) fn keep_totals(&self, totals: Totals) {
        *lock(&self.totals) = totals;
    }

    /// What all tenants may owe at worst, as it was measured last.
    pub(crate) fn totals(&self) -> Totals {
        lock(&self.totals).clone()
    }

    /// Whether a country is new for a tenant, as far as is known here; from now on it is not.
    pub(super) fn is_new(&self, tenant: TenantId, country: &str) -> bool {
        let Ok(country) = <[u8; 2]>::try_from(country.as_bytes()) else { return false };
        let mut countries = lock(&self.countries);
        if countries.len() >= COUNTRIES_MAX {
            countries.clear();
        }
        countries.insert((tenant, country))
    }

    /// A country could not be written down: it is asked for again.
    pub(super) fn forget(&self, tenant: TenantId, country: &str) {
        if let Ok(country) = <[u8; 2]>::try_from(country.as_bytes()) {
            lock(&self.countries).remove(&(tenant, country));
        }
    }
}

/// What the metrics say of stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Stops in force, of all nodes.
    pub in_force: u64,
    /// Stops that this node made since its start.
    pub made: u64,
    /// Spending that was not counted by its caller for want of room, since the start.
    pub uncounted: u64,
}

/// What the metrics say of stops.
#[must_use]
pub fn counts(app: &App) -> Counts {
    let state = app.velocity();
    let now = app.now();
    let in_force = state.stops.load().values().flatten().filter(|known| known.stop.holds(now)).count();
    Counts {
        in_force: in_force as u64,
        made: state.stopped.load(Ordering::Relaxed),
        uncounted: state.meters().uncounted(),
    }
}
