//! How much each tenant calls at this moment: calls that are up, and calls that began in the last second.

use super::State;
use domain::ids::TenantId;
use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

/// The last second is counted in so many slots.
const SLOTS: usize = 10;
/// What a slot covers.
const SLOT: Duration = Duration::from_millis(100);

/// The counters of all tenants on this node.
#[derive(Debug)]
pub(crate) struct Usage {
    origin: Instant,
    tenants: Mutex<HashMap<TenantId, Counter>>,
}

#[derive(Debug, Default)]
struct Counter {
    live: u32,
    /// Calls that began, by slot number modulo [`SLOTS`].
    began: [u32; SLOTS],
    /// The newest slot that was written.
    newest: u64,
}

impl Counter {
    /// Empties the slots between the newest written one and now.
    fn turn(&mut self, slot: u64) {
        let passed = slot.saturating_sub(self.newest).min(SLOTS as u64);
        for old in 0..passed {
            self.began[place(slot - old)] = 0;
        }
        self.newest = self.newest.max(slot);
    }

    fn last_second(&self) -> u32 {
        self.began.iter().sum()
    }
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or_default()
}

impl Usage {
    pub(super) fn new(origin: Instant) -> Self {
        Self { origin, tenants: Mutex::default() }
    }

    fn slot(&self, now: Instant) -> u64 {
        let slot = now.saturating_duration_since(self.origin).as_millis() / SLOT.as_millis();
        u64::try_from(slot).unwrap_or(u64::MAX)
    }

    /// Counts a call that begins. What there was before it: calls that are up, and that began in the last second.
    pub(super) fn begin(&self, tenant: TenantId, now: Instant) -> (u32, u32) {
        let slot = self.slot(now);
        let mut tenants = State::lock(&self.tenants);
        let counter = tenants.entry(tenant).or_default();
        counter.turn(slot);
        let before = (counter.live, counter.last_second());
        counter.live = counter.live.saturating_add(1);
        let began = &mut counter.began[place(slot)];
        *began = began.saturating_add(1);
        before
    }

    /// Takes back what [`Usage::begin`] counted, for a call that was refused.
    pub(super) fn undo(&self, tenant: TenantId, begun: Instant) {
        let slot = self.slot(begun);
        let mut tenants = State::lock(&self.tenants);
        let Some(counter) = tenants.get_mut(&tenant) else { return };
        counter.live = counter.live.saturating_sub(1);
        if counter.newest.saturating_sub(slot) < SLOTS as u64 {
            let began = &mut counter.began[place(slot)];
            *began = began.saturating_sub(1);
        }
    }

    /// Counts a call that is over.
    pub(super) fn end(&self, tenant: TenantId) {
        if let Some(counter) = State::lock(&self.tenants).get_mut(&tenant) {
            counter.live = counter.live.saturating_sub(1);
        }
    }

    /// Calls that are up, and that began in the last second.
    pub(super) fn read(&self, tenant: TenantId) -> (u32, u32) {
        self.read_at(tenant, Instant::now())
    }

    fn read_at(&self, tenant: TenantId, now: Instant) -> (u32, u32) {
        let slot = self.slot(now);
        let mut tenants = State::lock(&self.tenants);
        let Some(counter) = tenants.get_mut(&tenant) else { return (0, 0) };
        counter.turn(slot);
        (counter.live, counter.last_second())
    }

    /// Calls that are up, over all tenants.
    pub(super) fn live(&self) -> u64 {
        State::lock(&self.tenants).values().map(|counter| u64::from(counter.live)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));

    #[test]
    fn a_second_later_the_rate_is_zero_while_calls_are_still_up() {
        let origin = Instant::now();
        let usage = Usage::new(origin);
        assert_eq!(usage.begin(TENANT, origin), (0, 0));
        assert_eq!(usage.begin(TENANT, origin + Duration::from_millis(950)), (1, 1));
        assert_eq!(usage.read_at(TENANT, origin + Duration::from_millis(1_050)), (2, 1));
        assert_eq!(usage.read_at(TENANT, origin + Duration::from_secs(9)), (2, 0));
        usage.end(TENANT);
        assert_eq!(usage.live(), 1);
    }

    #[test]
    fn a_refused_call_counts_for_nothing() {
        let origin = Instant::now();
        let usage = Usage::new(origin);
        usage.begin(TENANT, origin);
        usage.undo(TENANT, origin);
        assert_eq!(usage.read_at(TENANT, origin), (0, 0));
    }
}
