//! A call is decided with its places counted.

use super::{Seat, Seated, Usage, is_full, seat_of, seat_of_source};
use domain::{
    config::{Limits, Snapshot},
    decision::{Decision, Facts, Funds, PeerLoad, Usage as Figures, decide},
    ids::TenantId,
};
use std::{sync::Arc, time::Instant};

/// How often a call is decided again because the place that it was meant for was taken meanwhile.
const TRIES: usize = 3;

/// A decision in memory, on what goes on at this moment and without a look at money.
pub(in crate::calls) struct Counted {
    pub(in crate::calls) decision: Decision,
    /// On what it was decided.
    pub(in crate::calls) funds: Funds,
    /// The places that the call has taken, where it connects.
    pub(in crate::calls) seat: Option<Arc<Seat>>,
}

impl Usage {
    /// Decides a call on what goes on around it, and takes its places where it connects. What is refused counts for
    /// nothing.
    ///
    /// The decision alone says whether a full trunk or carrier is in the way: an emergency call is put through all the
    /// same, and is counted beyond the limit.
    pub(in crate::calls) fn decide(
        &self,
        snapshot: &Snapshot,
        facts: &Facts,
        payer: Option<TenantId>,
        around: Figures,
    ) -> Counted {
        let now = Instant::now();
        let (live_calls, calls_last_second) = payer.map_or((0, 0), |payer| self.begin(payer, now));
        let source = seat_of_source(snapshot, facts);
        let from = source.map_or(Ok(()), |(seated, limits)| self.take(seated, limits, now));
        let has_source = from.is_ok();
        let mut usage = Figures { loads: self.loads(snapshot, facts, now), ..around };
        if let Some((seated, limits)) = source {
            match from {
                Ok(()) => without_own(&mut usage.loads, seated, limits),
                Err(full) => name(&mut usage.loads, full),
            }
        }
        let mut funds = Funds { available_micros: i64::MAX, live_calls, calls_last_second, usage };
        let mut decision = decide(snapshot, facts, &funds);
        let mut is_taken = false;
        for _ in 0..TRIES {
            let first = decision.plan.first().and_then(|attempt| seat_of(snapshot, &attempt.target));
            let taken = first.map_or(Ok(()), |(seated, limits)| self.take(seated, limits, now));
            is_taken = taken.is_ok();
            match taken {
                Err(full) if decision.connects() => name(&mut funds.usage.loads, full),
                _ => break,
            }
            decision = decide(snapshot, facts, &funds);
        }
        let source = source.map(|(seated, _)| seated);
        let Some(payer) = payer.filter(|_| decision.connects()) else {
            payer.into_iter().for_each(|payer| self.undo(payer, now));
            source.filter(|_| has_source).into_iter().for_each(|seated| self.give_back(seated, now));
            return Counted { decision, funds, seat: None };
        };
        if let (Some(seated), false) = (source, has_source) {
            self.count(seated, now);
        }
        let first = decision.plan.first().and_then(|attempt| seat_of(snapshot, &attempt.target));
        if let (Some((seated, _)), false) = (first, is_taken) {
            self.count(seated, now);
        }
        let seat = Seat::new((payer, now), source, snapshot, &decision.plan);
        Counted { decision, funds, seat: Some(Arc::new(seat)) }
    }
}

/// Says that a trunk or carrier is as busy as it was found.
fn name(loads: &mut Vec<PeerLoad>, load: PeerLoad) {
    loads.retain(|known| known.peer != load.peer);
    loads.push(load);
}

/// The call's own place is not in its own way.
fn without_own(loads: &mut Vec<PeerLoad>, seated: Seated, limits: Limits) {
    let peer = seated.peer();
    if let Some(at) = loads.iter().position(|load| load.peer == peer) {
        let own = &mut loads[at];
        own.live_calls = own.live_calls.saturating_sub(1);
        own.calls_last_second = own.calls_last_second.saturating_sub(1);
        if !is_full((own.live_calls, own.calls_last_second), limits) {
            loads.remove(at);
        }
    }
}
