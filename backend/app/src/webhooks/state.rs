//! What is kept in memory of endpoints: how they do, and how much is under way to them.

use super::attempt::Outcome;
use crate::App;
use domain::events::{Admission, Circuit};
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::deliveries::Delivery;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

/// Deliveries under way at a time, of all tenants.
pub(super) const UNDER_WAY_MAX: usize = 128;
/// To one endpoint.
const TO_ENDPOINT_MAX: usize = 8;
/// Of one tenant.
const OF_TENANT_MAX: usize = 32;
/// To one host.
const TO_HOST_MAX: usize = 16;
/// Endpoints that are asked at a time whether they want events.
const ASKING_MAX: usize = 16;

/// A delivery that was tried.
pub(super) struct Finished {
    pub(super) row: Delivery,
    pub(super) max_attempts: i32,
    /// `None` where it could not even be put together.
    pub(super) outcome: Option<Outcome>,
}

/// What goes on with one endpoint.
#[derive(Debug, Default)]
struct Endpoint {
    circuit: Circuit,
    under_way: usize,
    tenant: Uuid,
    host: String,
    not_before: Option<Instant>,
}

/// What is kept.
pub(crate) struct State {
    endpoints: Mutex<HashMap<Uuid, Endpoint>>,
    asking: Semaphore,
    pub(super) finished: mpsc::Sender<Finished>,
    pub(super) results: tokio::sync::Mutex<mpsc::Receiver<Finished>>,
    stopping: AtomicBool,
    delivered: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
    dropped: AtomicU64,
    waiting: AtomicU64,
    oldest_seconds: AtomicU64,
}

/// What was delivered by this node since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Events that found the queue of their subscription full.
    pub dropped: u64,
    /// Deliveries of all nodes that wait, when they were last counted.
    pub waiting: u64,
    /// Seconds since the event of the oldest of them happened.
    pub oldest_seconds: u64,
    /// Deliveries under way.
    pub under_way: u64,
    /// Endpoints that are left alone for a while.
    pub resting: u64,
}

/// What was delivered by this node since its start.
#[must_use]
pub fn counts(app: &App) -> Counts {
    app.webhooks().counts(Instant::now())
}

impl Default for State {
    fn default() -> Self {
        // Each delivery under way sends one.
        let (finished, results) = mpsc::channel(UNDER_WAY_MAX);
        Self {
            endpoints: Mutex::default(),
            asking: Semaphore::new(ASKING_MAX),
            finished,
            results: tokio::sync::Mutex::new(results),
            stopping: AtomicBool::new(false),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            oldest_seconds: AtomicU64::new(0),
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Endpoint>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn asking(&self) -> &Semaphore {
        &self.asking
    }

    /// How many deliveries may begin to an endpoint now.
    pub(super) fn room(&self, id: Uuid, (tenant, url): (Uuid, &str), now: Instant) -> usize {
        let mut endpoints = self.lock();
        let host = host(url).to_owned();
        let sum = |is_meant: &dyn Fn(&Endpoint) -> bool| {
            endpoints.values().filter(|one| is_meant(one)).map(|one| one.under_way).sum::<usize>()
        };
        let room = [
            UNDER_WAY_MAX.saturating_sub(sum(&|_| true)),
            OF_TENANT_MAX.saturating_sub(sum(&|one| one.tenant == tenant)),
            TO_HOST_MAX.saturating_sub(sum(&|one| one.host == host)),
        ];
        let endpoint = endpoints.entry(id).or_default();
        (endpoint.tenant, endpoint.host) = (tenant, host);
        let own = match endpoint.circuit.admits(now) {
            _ if endpoint.not_before.is_some_and(|at| now < at) => 0,
            Admission::NotBefore(_) => 0,
            Admission::OneAtATime => 1,
            Admission::Open => TO_ENDPOINT_MAX,
        };
        room.into_iter().min().unwrap_or(0).min(own.saturating_sub(endpoint.under_way))
    }

    /// So many deliveries begin to an endpoint, that allows so many a minute.
    pub(super) fn begin(&self, id: Uuid, many: usize, per_minute: Option<u32>, now: Instant) {
        let mut endpoints = self.lock();
        let endpoint = endpoints.entry(id).or_default();
        endpoint.under_way += many;
        if let Some(rate) = per_minute.filter(|rate| *rate > 0) {
            let pause = Duration::from_secs(60) * u32::try_from(many).unwrap_or(u32::MAX) / rate;
            endpoint.not_before = Some(now + pause);
        }
    }

    /// One of them is over: the endpoint answered, or it did not or says that it is down.
    pub(super) fn end(&self, id: Uuid, is_alive: bool, now: Instant) {
        let mut endpoints = self.lock();
        let Some(endpoint) = endpoints.get_mut(&id) else { return };
        endpoint.under_way = endpoint.under_way.saturating_sub(1);
        if is_alive {
            endpoint.circuit.answered();
        } else {
            endpoint.circuit.failed(now);
        }
    }

    /// An endpoint was changed, is gone, or its owner wants it tried now: it starts anew.
    pub(super) fn forget(&self, id: Uuid) {
        let mut endpoints = self.lock();
        match endpoints.get_mut(&id) {
            Some(endpoint) if endpoint.under_way > 0 => {
                endpoint.circuit = Circuit::default();
                endpoint.not_before = None;
            }
            _ => drop(endpoints.remove(&id)),
        }
    }

    /// Keeps those that are meant, and those with something under way.
    pub(super) fn retain(&self, is_meant: impl Fn(Uuid) -> bool) {
        self.lock().retain(|id, endpoint| endpoint.under_way > 0 || is_meant(*id));
    }

    /// For how long an endpoint is left alone.
    pub(super) fn rests(&self, id: Uuid, now: Instant) -> Option<Duration> {
        match self.lock().get(&id)?.circuit.admits(now) {
            Admission::NotBefore(at) => Some(at.saturating_duration_since(now)),
            Admission::Open | Admission::OneAtATime => None,
        }
    }

    pub(super) fn under_way(&self) -> usize {
        self.lock().values().map(|endpoint| endpoint.under_way).sum()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(super) fn count(&self, state: &str, has_failed: bool) {
        self.failed.fetch_add(u64::from(has_failed), Ordering::Relaxed);
        match state {
            store::deliveries::DELIVERED => self.delivered.fetch_add(1, Ordering::Relaxed),
            store::deliveries::DEAD => self.dead.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    pub(super) fn count_dead(&self, many: u64) {
        self.dead.fetch_add(many, Ordering::Relaxed);
    }

    pub(super) fn set_depth(&self, waiting: u64, oldest_seconds: u64) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.oldest_seconds.store(oldest_seconds, Ordering::Relaxed);
    }

    pub(super) fn count_dropped(&self, many: u64) {
        self.dropped.fetch_add(many, Ordering::Relaxed);
    }

    fn counts(&self, now: Instant) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let endpoints = self.lock();
        let rests = |one: &&Endpoint| matches!(one.circuit.admits(now), Admission::NotBefore(_));
        Counts {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            dead: read(&self.dead),
            dropped: read(&self.dropped),
            waiting: read(&self.waiting),
            oldest_seconds: read(&self.oldest_seconds),
            under_way: endpoints.values().map(|one| one.under_way as u64).sum(),
            resting: endpoints.values().filter(rests).count() as u64,
        }
    }
}

/// Host and port of an address, as it is written.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
