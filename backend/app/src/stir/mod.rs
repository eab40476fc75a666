//! Who signed a call (STIR/SHAKEN: RFC 8224, 8225, 8226, 8588): the roots that the operator trusts, the certificates of
//! signers, and the verification of a call's Identity header. Signing is in `calls::stir`.
//!
//! A call without the header never comes here. One with it waits for its signer's certificate in a task of its own,
//! ahead of the decision; no shard waits.

mod certificates;
mod chain;
mod policy;
mod verify;

pub use certificates::CERTIFICATES_MAX;
pub use policy::{ROOTS_MAX, Root, StirView, add_roots, change, get, remove_root};
pub(crate) use policy::{load, read_policy};
pub(crate) use verify::{overloaded, verify};

use arc_swap::ArcSwap;
use certificates::Certificates;
use chain::Roots;
use domain::stir::Verstat;
use edge::seam::CallSummary;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::runtime::Handle;

/// Calls whose signature is looked at at the same time; of more, nothing is validated.
const VERIFYING_MAX: usize = 4_096;

/// What verification needs in memory.
#[derive(Debug)]
pub(crate) struct State {
    runtime: Handle,
    roots: ArcSwap<Roots>,
    certificates: Certificates,
    /// Calls that wait for their verification; with their end, where it came meanwhile.
    waiting: Mutex<HashMap<u128, Option<Box<CallSummary>>>>,
    /// How many these are, to be read without the lock.
    count: AtomicUsize,
    results: [AtomicU64; 3],
}

/// What became of calls with an Identity header, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Validation passed.
    pub passed: u64,
    /// Validation failed.
    pub failed: u64,
    /// Nothing was validated.
    pub not_validated: u64,
}

/// What became of calls with an Identity header on this node, since the start.
#[must_use]
pub fn verified(app: &crate::App) -> Verified {
    let of = |verstat| app.stir().result(verstat).load(Ordering::Relaxed);
    Verified {
        passed: of(Verstat::Passed),
        failed: of(Verstat::Failed),
        not_validated: of(Verstat::NotValidated),
    }
}

impl State {
    /// Inside the app's runtime.
    pub(crate) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            roots: ArcSwap::from_pointee(Roots::default()),
            certificates: Certificates::new(),
            waiting: Mutex::default(),
            count: AtomicUsize::new(0),
            results: Default::default(),
        }
    }

    /// Where verifications run: shards have no runtime of their own.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    const fn result(&self, verstat: Verstat) -> &AtomicU64 {
        match verstat {
            Verstat::Passed => &self.results[0],
            Verstat::Failed => &self.results[1],
            Verstat::NotValidated => &self.results[2],
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Option<Box<CallSummary>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins to wait; false where too many do.
    pub(crate) fn begin(&self, call: u128) -> bool {
        let mut waiting = self.lock();
        if waiting.len() >= VERIFYING_MAX {
            return false;
        }
        waiting.insert(call, None);
        self.count.store(waiting.len(), Ordering::Release);
        true
    }

    /// A call waits no more, since it was decided. Its end, where it came meanwhile.
    pub(crate) fn finish(&self, call: u128) -> Option<Box<CallSummary>> {
        let mut waiting = self.lock();
        let ended = waiting.remove(&call).flatten();
        self.count.store(waiting.len(), Ordering::Release);
        ended
    }

    /// A call is over: kept where it waits, else given back.
    pub(crate) fn ended(&self, summary: CallSummary) -> Option<CallSummary> {
        if self.count.load(Ordering::Acquire) == 0 {
            return Some(summary);
        }
        match self.lock().get_mut(&summary.call) {
            Some(place) => {
                *place = Some(Box::new(summary));
                None
            }
            None => Some(summary),
        }
    }

    /// Trusts these roots from now on; what was judged by others is forgotten.
    fn trust(&self, roots: Roots) {
        self.roots.store(Arc::new(roots));
        self.certificates.forget();
    }
}
