//! What goes on with each trunk and carrier: calls that are up, tries, failures by their class, and how long it takes
//! until somebody answers. Counted in memory since the start of the node.

use super::State;
use domain::decision::{Decision, Target};
use edge::seam::{CallFacts, CallSummary, DirectionStats, End, PartyKind};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Trunks and carriers that are counted by name; all others count as one.
pub const METERS_MAX: usize = 1_000;
/// Bounds of the classes of times until the answer, milliseconds; beyond the last is one more.
pub const SETUP_BOUNDS_MS: [u64; 8] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];
/// Why tries fail, as classes: statuses by their hundred, and what is no status.
pub const FAILURE_CLASSES: [&str; 8] =
    ["3xx", "4xx", "5xx", "6xx", "unreachable", "no-answer", "cancelled", "ours"];

/// Whom a meter is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterName {
    /// `trunk`, `carrier`, `user` (all SIP users together), `echo` or `other`.
    pub kind: &'static str,
    /// FQDN or name; empty for those that count together.
    pub name: String,
}

/// A reading of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterView {
    /// Whom it is about.
    pub of: MeterName,
    /// Calls from it that are being set up or up, and calls to it that are up.
    pub calls_up: u64,
    /// Calls that came from it.
    pub calls_from: u64,
    /// Tries to reach somebody through it.
    pub attempts: u64,
    /// Tries that were answered.
    pub answered: u64,
    /// Tries that failed, by [`FAILURE_CLASSES`].
    pub failures: [u64; FAILURE_CLASSES.len()],
    /// Answered calls whose answer took no longer than each of [`SETUP_BOUNDS_MS`]; the last takes all.
    pub setups: [u64; SETUP_BOUNDS_MS.len() + 1],
    /// Milliseconds until the answer, summed up.
    pub setup_ms: u64,
    /// Calls whose audio from it was rated.
    pub rated: u64,
    /// Their opinion scores, in hundredths, summed up.
    pub scores: u64,
    /// Calls of which nothing was heard from it, or nothing that can be: by their verdict neither flowing nor not agreed.
    pub unheard: u64,
}

#[derive(Debug, Default)]
struct Meter {
    up: AtomicU64,
    calls_from: AtomicU64,
    attempts: AtomicU64,
    answered: AtomicU64,
    failures: [AtomicU64; FAILURE_CLASSES.len()],
    setups: [AtomicU64; SETUP_BOUNDS_MS.len() + 1],
    setup_ms: AtomicU64,
    rated: AtomicU64,
    scores: AtomicU64,
    unheard: AtomicU64,
}

impl Meter {
    /// Takes what was heard from it in a call.
    fn heard(&self, stats: &DirectionStats) {
        if let Some(score) = stats.mos {
            one_more(&self.rated);
            self.scores.fetch_add(score.into(), Ordering::Relaxed);
        }
        if !matches!(stats.verdict.as_str(), "" | "flowing" | "not-agreed") {
            one_more(&self.unheard);
        }
    }
}

/// The meters of a call that goes on.
#[derive(Debug)]
struct Going {
    caller: Arc<Meter>,
    callees: Vec<Arc<Meter>>,
    is_up: Option<usize>,
}

/// All meters of this node.
#[derive(Debug, Default)]
pub(super) struct Meters {
    known: Mutex<BTreeMap<MeterName, Arc<Meter>>>,
    going: Mutex<HashMap<u128, Going>>,
}

fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn one_less(counter: &AtomicU64) {
    counter.fetch_sub(1, Ordering::Relaxed);
}

impl Meters {
    fn meter(&self, kind: &'static str, name: &str) -> Arc<Meter> {
        let mut known = State::lock(&self.known);
        let named = MeterName { kind, name: name.to_owned() };
        if let Some(meter) = known.get(&named) {
            return Arc::clone(meter);
        }
        let named =
            if known.len() < METERS_MAX { named } else { MeterName { kind: "other", name: String::new() } };
        Arc::clone(known.entry(named).or_default())
    }

    /// A call came and is decided.
    pub(super) fn began(&self, facts: &CallFacts) {
        let caller = match facts.party.kind {
            PartyKind::User | PartyKind::Tester => self.meter("user", ""),
            PartyKind::Trunk => self.meter("trunk", &facts.party.name),
            PartyKind::Carrier => self.meter("carrier", &facts.party.name),
        };
        one_more(&caller.up);
        one_more(&caller.calls_from);
        let going = Going { caller, callees: Vec::new(), is_up: None };
        State::lock(&self.going).insert(facts.call, going);
    }

    /// A call is connected along this plan.
    pub(super) fn planned(&self, call: u128, decision: &Decision) {
        let meter = |target: &Target| match target {
            Target::User { .. } => self.meter("user", ""),
            Target::Trunk { fqdn, .. } => self.meter("trunk", fqdn),
            Target::Carrier { name, .. } => self.meter("carrier", name),
            Target::Echo => self.meter("echo", ""),
        };
        let callees = decision.plan.iter().map(|attempt| meter(&attempt.target)).collect();
        if let Some(going) = State::lock(&self.going).get_mut(&call) {
            going.callees = callees;
        }
    }

    /// A call was answered by this attempt.
    pub(super) fn answered(&self, call: u128, attempt: usize) {
        let mut all = State::lock(&self.going);
        let Some(going) = all.get_mut(&call) else { return };
        if let Some(callee) = going.callees.get(attempt) {
            one_more(&callee.up);
            going.is_up = Some(attempt);
        }
    }

    /// A call is over.
    pub(super) fn ended(&self, summary: &CallSummary) {
        let Some(going) = State::lock(&self.going).remove(&summary.call) else { return };
        one_less(&going.caller.up);
        if let Some(callee) = going.is_up.and_then(|attempt| going.callees.get(attempt)) {
            one_less(&callee.up);
            if let Some(media) = &summary.media {
                going.caller.heard(&media.from_a);
                callee.heard(&media.from_b);
            }
        }
        let Some(last) = summary.attempt else { return };
        for (place, callee) in going.callees.iter().enumerate().take(last + 1) {
            one_more(&callee.attempts);
            if place < last {
                // Of those before the last it is known that they did not take the call, which moved on.
                one_more(&callee.failures[class(&End::Unreachable)]);
            }
        }
        let Some(callee) = going.callees.get(last) else { return };
        match summary.answered_at {
            Some(answered_at) => {
                one_more(&callee.answered);
                let took = answered_at.duration_since(summary.started_at).unwrap_or(Duration::ZERO);
                let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let place = SETUP_BOUNDS_MS.iter().position(|bound| millis <= *bound);
                one_more(&callee.setups[place.unwrap_or(SETUP_BOUNDS_MS.len())]);
                callee.setup_ms.fetch_add(millis, Ordering::Relaxed);
            }
            None => one_more(&callee.failures[class(&summary.end)]),
        }
    }

    /// All meters, by name.
    pub(super) fn read(&self) -> Vec<MeterView> {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let view = |(of, meter): (&MeterName, &Arc<Meter>)| {
            let mut setups = meter.setups.each_ref().map(load);
            for place in 1..setups.len() {
                setups[place] += setups[place - 1];
            }
            MeterView {
                of: of.clone(),
                calls_up: load(&meter.up),
                calls_from: load(&meter.calls_from),
                attempts: load(&meter.attempts),
                answered: load(&meter.answered),
                failures: meter.failures.each_ref().map(load),
                setups,
                setup_ms: load(&meter.setup_ms),
                rated: load(&meter.rated),
                scores: load(&meter.scores),
                unheard: load(&meter.unheard),
            }
        };
        State::lock(&self.known).iter().map(view).collect()
    }
}

/// The place of a failure in [`FAILURE_CLASSES`].
const fn class(end: &End) -> usize {
    match end {
        End::Failed { status: 300..=399, .. } => 0,
        End::Failed { status: 400..=499, .. } => 1,
        End::Failed { status: 500..=599, .. } => 2,
        End::Failed { .. } => 3,
        End::Unreachable => 4,
        End::NoAnswer => 5,
        End::Cancelled | End::Hangup { .. } => 6,
        End::Ours(_) => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::SystemTime};

    fn facts(call: u128, name: &str) -> CallFacts {
        let hop = edge::seam::Hop { address: ([127, 0, 0, 1], 1).into(), transport: sip::Transport::Udp };
        CallFacts {
            call,
            party: edge::seam::Party {
                kind: PartyKind::Trunk,
                tenant: Some(1),
                id: 2,
                name: Arc::from(name),
            },
            source: hop,
            from: None,
            asserted: None,
            to: "1".to_owned(),
            to_header: None,
            sip_call_id: call.to_string(),
            identities: Vec::new(),
            at: SystemTime::UNIX_EPOCH,
        }
    }

    fn over(call: u128, attempt: Option<usize>, answered: Option<Duration>, end: End) -> CallSummary {
        let started_at = SystemTime::UNIX_EPOCH;
        CallSummary {
            call,
            started_at,
            answered_at: answered.map(|after| started_at + after),
            ended_at: started_at,
            duration: Duration::ZERO,
            attempt,
            end,
            peers: [None, None],
            callee_call_id: None,
            unreachable: None,
            media: None,
        }
    }

    #[test]
    fn calls_tries_failures_and_times_are_counted_by_trunk() {
        let meters = Meters::default();
        meters.began(&facts(1, "a.test"));
        let callees = vec![meters.meter("trunk", "b.test"), meters.meter("carrier", "c")];
        State::lock(&meters.going).get_mut(&1).expect("it goes on").callees = callees;
        meters.answered(1, 1);
        let up = |name: &str| {
            let all = meters.read();
            all.into_iter().find(|meter| meter.of.name == name).expect("a meter")
        };
        assert_eq!((up("a.test").calls_up, up("b.test").calls_up, up("c").calls_up), (1, 0, 1));
        let hangup = End::Hangup { by: edge::seam::Side::A, q850: None };
        meters.ended(&over(1, Some(1), Some(Duration::from_millis(700)), hangup));
        assert_eq!((up("a.test").calls_up, up("c").calls_up, up("a.test").calls_from), (0, 0, 1));
        assert_eq!((up("b.test").attempts, up("b.test").failures[4], up("b.test").answered), (1, 1, 0));
        assert_eq!((up("c").attempts, up("c").answered, up("c").setup_ms), (1, 1, 700));
        assert_eq!(up("c").setups, [0, 0, 0, 1, 1, 1, 1, 1, 1]);

        meters.began(&facts(2, "a.test"));
        meters.ended(&over(2, None, None, End::Failed { status: 486, q850: None }));
        assert_eq!((up("a.test").calls_up, up("a.test").calls_from, up("c").attempts), (0, 2, 1));
        assert!(State::lock(&meters.going).is_empty());
    }

    #[test]
    fn beyond_the_bound_trunks_count_together() {
        let meters = Meters::default();
        for at in 0..METERS_MAX + 5 {
            meters.began(&facts(at as u128, &format!("trunk-{at}.test")));
        }
        let all = meters.read();
        assert_eq!(all.len(), METERS_MAX + 1);
        let other = all.iter().find(|meter| meter.of.kind == "other").expect("the rest");
        assert_eq!((other.calls_from, other.calls_up), (5, 5));
    }
}
