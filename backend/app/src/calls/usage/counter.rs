//! Calls that are up, and calls that began in the last second, of one tenant, trunk or carrier.

use std::time::{Duration, Instant};

/// The last second is counted in so many slots.
const SLOTS: usize = 10;
/// What a slot covers.
const SLOT: Duration = Duration::from_millis(100);

/// A reading: calls that are up, and that began in the last second.
pub(super) type Reading = (u32, u32);

/// The counters of one party.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counter {
    live: u32,
    /// Calls that began, by slot number modulo [`SLOTS`].
    began: [u32; SLOTS],
    /// The newest slot that was written.
    newest: u64,
}

/// Instants as slot numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(pub(super) Instant);

impl Clock {
    pub(super) fn slot(self, now: Instant) -> u64 {
        let slot = now.saturating_duration_since(self.0).as_millis() / SLOT.as_millis();
        u64::try_from(slot).unwrap_or(u64::MAX)
    }
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

    /// What there is at a slot.
    pub(super) fn read(&mut self, slot: u64) -> Reading {
        self.turn(slot);
        (self.live, self.began.iter().sum())
    }

    /// Counts a call that begins. What there was before it.
    pub(super) fn begin(&mut self, slot: u64) -> Reading {
        let before = self.read(slot);
        self.live = self.live.saturating_add(1);
        let began = &mut self.began[place(slot)];
        *began = began.saturating_add(1);
        before
    }

    /// Takes back what [`Counter::begin`] counted in a slot, for a call that was refused.
    pub(super) fn undo(&mut self, slot: u64) {
        self.live = self.live.saturating_sub(1);
        if self.newest.saturating_sub(slot) < SLOTS as u64 {
            let began = &mut self.began[place(slot)];
            *began = began.saturating_sub(1);
        }
    }

    /// Counts a call that is over.
    pub(super) const fn end(&mut self) {
        self.live = self.live.saturating_sub(1);
    }

    /// Whether nothing is lost when it is forgotten.
    pub(super) fn is_idle(&mut self, slot: u64) -> bool {
        self.read(slot) == (0, 0)
    }
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or_default()
}
