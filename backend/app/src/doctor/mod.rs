//! The trunk doctor: one action that tries all that a call to a trunk needs, and says of each thing what was found and
//! what to change. [`examine`] begins it, [`get`] reads how far it is; [`listen`] is the way back: it waits for a call of
//! the tenant's, and shows which rule recognised or refused it.
//!
//! Test calls go the way of every call: over the edge, the decision and the relay, from a phone of the platform's own
//! ([`sandbox::tester`]). They are recorded, and cost nothing.

mod calls;
mod examine;
mod listen;
mod network;
mod report;
#[cfg(test)]
mod tests;

pub use examine::{Order, examine, get, latest};
pub use listen::{HeardView, LISTEN_FOR, ListeningView, RuleView, listen, listening};
pub use report::{Finding, FindingState, Report, Topic};

use crate::App;
use domain::config::Srtp;
use edge::seam::{Approach, Identity, Party};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Test phones at one time, over all tenants.
pub const TESTERS_MAX: usize = 8;

/// What the doctor keeps in memory.
#[derive(Debug, Default)]
pub(crate) struct State {
    reports: Mutex<examine::Reports>,
    ears: Mutex<listen::Ears>,
    /// Whether anybody listens: looked at with each request, so it is no lock.
    listeners: AtomicUsize,
    /// Test phones by where they call from, and whom they are for.
    testers: Mutex<HashMap<SocketAddr, TestPhone>>,
    /// As many as `testers` has: looked at with each request.
    testing: AtomicUsize,
}

/// A test phone that calls.
#[derive(Debug, Clone)]
struct TestPhone {
    party: Party,
    /// The setting of `media.srtp` that is tried, in place of the trunk's own.
    srtp: Option<Srtp>,
}

impl State {
    /// Locks; a thread that panicked leaves whole values behind, since none is changed in steps.
    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The test phone at an address.
    pub(crate) fn tester(&self, source: SocketAddr) -> Option<Party> {
        if self.testing.load(Ordering::Acquire) == 0 {
            return None;
        }
        Self::lock(&self.testers).get(&source).map(|phone| phone.party.clone())
    }

    /// The setting of `media.srtp` that the test phone at an address tries in place of the trunk's own.
    pub(crate) fn tried_srtp(&self, source: SocketAddr) -> Option<Srtp> {
        Self::lock(&self.testers).get(&source)?.srtp
    }

    /// Whether test phones call from this address.
    pub(crate) fn tests_from(&self, ip: IpAddr) -> bool {
        self.testing.load(Ordering::Acquire) > 0
            && Self::lock(&self.testers).keys().any(|at| at.ip().to_canonical() == ip)
    }

    /// Makes a test phone known until it is dismissed; false where there are [`TESTERS_MAX`] already.
    fn admit(&self, at: SocketAddr, party: Party, srtp: Option<Srtp>) -> bool {
        let mut testers = Self::lock(&self.testers);
        if testers.len() >= TESTERS_MAX {
            return false;
        }
        testers.insert(at, TestPhone { party, srtp });
        self.testing.store(testers.len(), Ordering::Release);
        true
    }

    fn dismiss(&self, at: SocketAddr) {
        let mut testers = Self::lock(&self.testers);
        testers.remove(&at);
        self.testing.store(testers.len(), Ordering::Release);
    }
}

/// Notes a request outside a dialog for whoever waits for it. Costs one atomic read while nobody does.
pub(crate) fn overhear(app: &App, approach: &Approach<'_>, identity: &Identity) {
    if app.doctor().listeners.load(Ordering::Acquire) > 0 {
        listen::overhear(app, approach, identity);
    }
}
