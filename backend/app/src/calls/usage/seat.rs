//! The places that one call takes: of its payer, of where it came from, and of whom it is put through to.

use super::Usage;
use domain::{
    config::Snapshot,
    decision::{Attempt, Peer},
    ids::{CarrierId, TenantId, TrunkId},
};
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Instant,
};

/// Somebody with limits of his own beside the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::calls) enum Seated {
    /// A trunk of a tenant.
    Trunk(TenantId, TrunkId),
    /// A carrier.
    Carrier(CarrierId),
}

impl Seated {
    /// As the decision knows it.
    pub(in crate::calls) const fn peer(self) -> Peer {
        match self {
            Self::Trunk(_, trunk) => Peer::Trunk(trunk),
            Self::Carrier(carrier) => Peer::Carrier(carrier),
        }
    }
}

/// The places of one call, given back once.
#[derive(Debug)]
pub(in crate::calls) struct Seat {
    payer: TenantId,
    begun: Instant,
    source: Option<Seated>,
    /// By attempt of the plan.
    targets: Vec<Option<Seated>>,
    /// The attempt that is counted.
    current: AtomicUsize,
    is_over: AtomicBool,
}

impl Seat {
    /// A call that has been counted for its payer and its source, and for the first attempt of its plan.
    pub(in crate::calls) fn new(
        (payer, begun): (TenantId, Instant),
        source: Option<Seated>,
        snapshot: &Snapshot,
        plan: &[Attempt],
    ) -> Self {
        let targets = plan
            .iter()
            .map(|attempt| super::seat_of(snapshot, &attempt.target).map(|(seated, _)| seated))
            .collect();
        Self { payer, begun, source, targets, current: AtomicUsize::new(0), is_over: AtomicBool::new(false) }
    }

    /// Another attempt than the one that is counted was answered.
    pub(in crate::calls) fn answered(&self, usage: &Usage, attempt: usize) {
        let before = self.current.swap(attempt, Ordering::AcqRel);
        if before == attempt || self.is_over.load(Ordering::Acquire) {
            return;
        }
        if let Some(old) = self.target(before) {
            usage.leave(old);
        }
        if let Some(new) = self.target(attempt) {
            usage.count(new, Instant::now());
        }
    }

    /// The call is over: gives its places back, once.
    pub(in crate::calls) fn leave(&self, usage: &Usage) {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return;
        }
        usage.end(self.payer);
        for seated in [self.source, self.target(self.current.load(Ordering::Acquire))].into_iter().flatten() {
            usage.leave(seated);
        }
    }

    /// The call was refused after all: it counts for nothing.
    pub(in crate::calls) fn undo(&self, usage: &Usage) {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return;
        }
        usage.undo(self.payer, self.begun);
        for seated in [self.source, self.target(self.current.load(Ordering::Acquire))].into_iter().flatten() {
            usage.give_back(seated, self.begun);
        }
    }

    fn target(&self, attempt: usize) -> Option<Seated> {
        self.targets.get(attempt).copied().flatten()
    }
}
