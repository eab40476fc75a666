//! The deadlines that the engine does not know: the app's decision and the longest call.

use sip::b2bua::CallRef;
use std::collections::BTreeSet;
use std::time::Instant;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The app has not decided in time.
    Verdict,
    /// The call has lasted as long as it may.
    OverTime,
}

/// Deadlines in their order; each call has at most one of each kind, and takes them along when it ends.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Instant, CallRef, Due)>);

impl Timers {
    pub(super) fn set(&mut self, at: Instant, call: CallRef, due: Due) {
        self.0.insert((at, call, due));
    }

    pub(super) fn clear(&mut self, at: Instant, call: CallRef, due: Due) {
        self.0.remove(&(at, call, due));
    }

    /// Takes the first deadline that has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(CallRef, Due)> {
        let first = *self.0.first().filter(|(at, _, _)| *at <= now)?;
        self.0.remove(&first);
        Some((first.1, first.2))
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _, _)| *at)
    }
}
