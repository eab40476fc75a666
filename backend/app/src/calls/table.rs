//! The calls that this node carries: what their settlement needs, in memory.

use super::{State, news::Told, outcome::Rung, usage::Seat};
use crate::velocity::Paced;
use domain::{
    cause::Direction,
    ids::{CallId, TenantId},
    rating::Quote,
};
use edge::seam::CallSummary;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Calls of this node that are decided or up; more are refused with 503.
pub const LIVE_CALLS_MAX: usize = 65_536;

/// A call whose money is held.
#[derive(Debug)]
pub(crate) struct Carried {
    /// The payer's record.
    pub(crate) call: CallId,
    /// The record of the callee's tenant, where that is another one.
    pub(super) callee_call: Option<CallId>,
    /// Who pays.
    pub(crate) payer: TenantId,
    /// Seen from the payer.
    pub(super) direction: Direction,
    /// What it costs.
    pub(crate) quote: Quote,
    /// What each extension of the hold adds.
    pub(super) hold_seconds: u32,
    /// Whom each attempt rings: what it is, and its FQDN where it is a trunk.
    pub(super) rings: Vec<(Rung, Option<String>)>,
    /// Call-ID of the caller's leg.
    pub(super) sip_call_id: String,
    /// Who hears of it, where somebody wants to.
    pub(super) told: Option<Box<Told>>,
    /// The places that it takes among the limits.
    pub(super) seat: Arc<Seat>,
    /// Whether its payer has an account, on which its money is held.
    pub(super) is_held: bool,
    /// Whose recordings begin with the answer.
    pub(crate) recording: Vec<TenantId>,
    /// Where it goes and who calls, for how fast its payer spends.
    pub(crate) paced: Paced,
    /// How long the money lasts, milliseconds from the answer.
    pub(super) funded_ms: AtomicU64,
}

impl Carried {
    /// The record of the callee's tenant, where that is another one.
    pub(crate) const fn callee_call(&self) -> Option<CallId> {
        self.callee_call
    }

    pub(super) fn funded_ms(&self) -> u64 {
        self.funded_ms.load(Ordering::Acquire)
    }

    /// What is held for it, micro-units: the price of the time that is funded.
    pub(super) fn held_micros(&self) -> i64 {
        if self.is_held { self.quote.price(self.funded_ms()).micros } else { 0 }
    }

    /// The money was extended, and that is committed.
    pub(super) fn fund(&self, funded_ms: u64) {
        self.funded_ms.fetch_max(funded_ms, Ordering::AcqRel);
    }
}

#[derive(Debug)]
enum Entry {
    /// Its hold is in the queue; it may end before.
    Deciding(Option<Box<CallSummary>>),
    Carried(Arc<Carried>),
    /// It is over, and its settlement is on its way.
    Over,
}

/// What the end of a call finds.
pub(super) enum Found {
    /// The call: settle it.
    Carried(Arc<Carried>, Box<CallSummary>),
    /// It is still being decided; it is settled after.
    Deciding,
    /// It was refused, or is over already.
    Nothing,
}

/// The calls of this node by their id.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashMap<u128, Entry>>);

impl Table {
    /// Takes a call in, to be decided. False where there is no room.
    pub(super) fn admit(&self, call: u128) -> bool {
        let mut table = State::lock(&self.0);
        if table.len() >= LIVE_CALLS_MAX {
            return false;
        }
        table.insert(call, Entry::Deciding(None));
        true
    }

    /// A call's money is held. Its end, where it came meanwhile.
    pub(super) fn open(&self, carried: &Arc<Carried>) -> Option<Box<CallSummary>> {
        let known =
            State::lock(&self.0).insert(carried.call.0.as_u128(), Entry::Carried(Arc::clone(carried)));
        match known {
            Some(Entry::Deciding(ended)) => ended,
            Some(Entry::Carried(_) | Entry::Over) | None => None,
        }
    }

    /// A call is over and settled, or was refused.
    pub(super) fn forget(&self, call: u128) {
        State::lock(&self.0).remove(&call);
    }

    pub(super) fn get(&self, call: u128) -> Option<Arc<Carried>> {
        match State::lock(&self.0).get(&call)? {
            Entry::Carried(carried) => Some(Arc::clone(carried)),
            Entry::Deciding(_) | Entry::Over => None,
        }
    }

    /// A call is over.
    pub(super) fn ended(&self, summary: Box<CallSummary>) -> Found {
        let mut table = State::lock(&self.0);
        let Some(entry) = table.get_mut(&summary.call) else { return Found::Nothing };
        match entry {
            Entry::Carried(carried) => {
                let carried = Arc::clone(carried);
                *entry = Entry::Over;
                Found::Carried(carried, summary)
            }
            Entry::Deciding(ended) => {
                *ended = Some(summary);
                Found::Deciding
            }
            Entry::Over => Found::Nothing,
        }
    }

    /// The calls of a payer whose money is held: a look at each.
    pub(super) fn of(&self, payer: TenantId) -> Vec<Arc<Carried>> {
        let of_payer = |entry: &Entry| match entry {
            Entry::Carried(carried) if carried.payer == payer && carried.is_held => Some(Arc::clone(carried)),
            _ => None,
        };
        State::lock(&self.0).values().filter_map(of_payer).collect()
    }

    pub(super) fn len(&self) -> usize {
        State::lock(&self.0).len()
    }
}
