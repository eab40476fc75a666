//! How often and how quickly the configuration in memory follows what was committed.

use crate::App;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What the cell counts about refreshes that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    refreshes: AtomicU64,
    last_micros: AtomicU64,
}

/// Refreshes of the configuration since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refreshes {
    /// How often it was read anew: the number of the snapshot that decides calls.
    pub count: u64,
    /// How long the last one took, from the wait for its turn to the swap.
    pub last: Duration,
}

impl Timing {
    pub(super) fn swapped(&self, took: Duration) {
        self.last_micros.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.refreshes.fetch_add(1, Ordering::Relaxed);
    }
}

/// For the metrics: how often the configuration was read anew, and how long that took the last time.
#[must_use]
pub fn refreshes(app: &App) -> Refreshes {
    let timing = &app.cell().timing;
    Refreshes {
        count: timing.refreshes.load(Ordering::Relaxed),
        last: Duration::from_micros(timing.last_micros.load(Ordering::Relaxed)),
    }
}
