//! What the attempts of a rehearsal come to.

use super::{Compared, Kind, Side, Unknown, Unreplayed, cause};
use crate::{
    cause::Cause,
    ids::{CallId, TenantId},
    money::{Currency, Money},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

/// Calls of a kind that are listed at most: those whose money changes most.
pub const EXAMPLES_MAX: usize = 25;
/// Pairs of ways that are told apart at most; all calls are counted.
pub const WAYS_MAX: usize = 200;
/// Ways that are listed at most.
const WAYS_LISTED_MAX: usize = 50;

/// Money of one currency, micro-units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoneyFigures {
    /// Which.
    pub currency: Currency,
    /// What tenants were charged.
    pub revenue_before_micros: i64,
    /// What they would be charged.
    pub revenue_after_micros: i64,
    /// What carriers asked.
    pub cost_before_micros: i64,
    /// What they would ask.
    pub cost_after_micros: i64,
}

impl MoneyFigures {
    const fn new(currency: Currency) -> Self {
        Self {
            currency,
            revenue_before_micros: 0,
            revenue_after_micros: 0,
            cost_before_micros: 0,
            cost_after_micros: 0,
        }
    }

    /// Revenue minus cost, before and after.
    #[must_use]
    pub const fn margins(&self) -> (i64, i64) {
        (
            self.revenue_before_micros.saturating_sub(self.cost_before_micros),
            self.revenue_after_micros.saturating_sub(self.cost_after_micros),
        )
    }
}

/// Calls that would go another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// Which way they went.
    pub from: String,
    /// Which way they would go.
    pub to: String,
    /// How many.
    pub calls: u64,
}

/// Calls whose verdict or cause would be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseCount {
    /// The cause for which they were refused; `None` where they were connected.
    pub before: Option<Cause>,
    /// The cause for which they would be refused; `None` where they would be connected.
    pub after: Option<Cause>,
    /// How many.
    pub calls: u64,
}

/// What comes of a call on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Why it is refused; `None` where it is connected.
    pub cause: Option<Cause>,
    /// Whom it rings, in order.
    pub way: String,
    /// What its payer is charged.
    pub charge: Money,
    /// What the carrier asks, where it is known.
    pub cost: Option<Money>,
}

/// A call that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Which.
    pub call: CallId,
    /// Of which tenant.
    pub tenant: Option<TenantId>,
    /// How.
    pub kind: Kind,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// The caller id; `None` is anonymous.
    pub from: Option<String>,
    /// What was dialled.
    pub to: String,
    /// What came of it.
    pub before: Sample,
    /// What would.
    pub after: Sample,
}

/// Calls of which something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownCount {
    /// What.
    pub what: Unknown,
    /// How many.
    pub calls: u64,
}

/// Calls that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreplayedCount {
    /// Why.
    pub why: Unreplayed,
    /// How many.
    pub calls: u64,
    /// The first of them.
    pub example: CallId,
}

/// What a rehearsal found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Figures {
    /// Attempts in the period, as far as they were looked at.
    pub attempts: u64,
    /// Those that were decided again.
    pub replayed: u64,
    /// Whether all attempts of the period were looked at.
    pub complete: bool,
    /// How many of each kind.
    pub kinds: Vec<(Kind, u64)>,
    /// Calls that would end earlier, for lack of money.
    pub shortened: u64,
    /// Money, by currency.
    pub money: Vec<MoneyFigures>,
    /// Other ways, the most frequent first.
    pub ways: Vec<Way>,
    /// Calls that go other ways than those that are listed.
    pub other_ways: u64,
    /// Other verdicts and causes, the most frequent first.
    pub causes: Vec<CauseCount>,
    /// Calls that are different, those whose money changes most first, some of each kind.
    pub differences: Vec<Difference>,
    /// What is not known.
    pub unknown: Vec<UnknownCount>,
    /// What was left out.
    pub unreplayed: Vec<UnreplayedCount>,
}

impl Figures {
    /// How many attempts of a kind there are.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds.iter().find(|(of, _)| *of == kind).map_or(0, |(_, calls)| *calls)
    }

    /// The same for who may not see what carriers ask.
    #[must_use]
    pub fn without_costs(mut self) -> Self {
        for money in &mut self.money {
            (money.cost_before_micros, money.cost_after_micros) = (0, 0);
        }
        for difference in &mut self.differences {
            difference.before.cost = None;
            difference.after.cost = None;
        }
        self
    }
}

/// Attempts that are added up.
#[derive(Debug, Default)]
pub struct Tally {
    viewer: Option<TenantId>,
    attempts: u64,
    replayed: u64,
    shortened: u64,
    kinds: BTreeMap<Kind, u64>,
    money: BTreeMap<String, MoneyFigures>,
    ways: HashMap<(String, String), u64>,
    other_ways: u64,
    causes: HashMap<(Option<Cause>, Option<Cause>), u64>,
    differences: BTreeMap<Kind, Vec<(u64, Difference)>>,
    unknown: BTreeMap<Unknown, u64>,
    unreplayed: BTreeMap<Unreplayed, (u64, CallId)>,
}

impl Tally {
    /// Nothing yet, for who sees the names of one tenant alone; `None` sees all.
    #[must_use]
    pub fn new(viewer: Option<TenantId>) -> Self {
        Self { viewer, ..Self::default() }
    }

    /// Attempts that were looked at.
    #[must_use]
    pub const fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Leaves an attempt out.
    pub fn leave_out(&mut self, call: CallId, why: Unreplayed) {
        self.attempts += 1;
        self.unreplayed.entry(why).or_insert((0, call)).0 += 1;
    }

    /// Adds an attempt.
    pub fn add(&mut self, compared: &Compared<'_>) {
        self.attempts += 1;
        self.replayed += 1;
        self.shortened += u64::from(compared.shortened);
        *self.kinds.entry(compared.kind).or_default() += 1;
        for what in &compared.unknown {
            *self.unknown.entry(*what).or_default() += 1;
        }
        self.count_money(&compared.before, &compared.after);
        match compared.kind {
            Kind::Same => return,
            Kind::Refused | Kind::Admitted | Kind::RefusedOtherwise => {
                let causes = (cause(&compared.before.decision), cause(&compared.after.decision));
                *self.causes.entry(causes).or_default() += 1;
            }
            Kind::Rerouted => self.count_way(compared),
            Kind::Repriced | Kind::Rewritten => {}
        }
        self.keep(compared);
    }

    fn count_money(&mut self, before: &Side, after: &Side) {
        let mut of = |currency: Currency, add: &dyn Fn(&mut MoneyFigures)| {
            let known = self.money.entry(currency.to_string());
            add(known.or_insert_with(|| MoneyFigures::new(currency)));
        };
        let add = |sum: &mut i64, micros: i64| *sum = sum.saturating_add(micros);
        if before.charge_micros != 0 {
            of(before.currency(), &|sums| add(&mut sums.revenue_before_micros, before.charge_micros));
        }
        if after.charge_micros != 0 {
            of(after.currency(), &|sums| add(&mut sums.revenue_after_micros, after.charge_micros));
        }
        if let Some(cost) = before.cost {
            of(cost.currency, &|sums| add(&mut sums.cost_before_micros, cost.micros));
        }
        if let Some(cost) = after.cost {
            of(cost.currency, &|sums| add(&mut sums.cost_after_micros, cost.micros));
        }
    }

    fn count_way(&mut self, compared: &Compared<'_>) {
        let way = (compared.before.way(self.viewer), compared.after.way(self.viewer));
        if self.ways.len() >= WAYS_MAX && !self.ways.contains_key(&way) {
            self.other_ways += 1;
        } else {
            *self.ways.entry(way).or_default() += 1;
        }
    }

    /// Keeps a call where its money changes more than that of those that are kept.
    fn keep(&mut self, compared: &Compared<'_>) {
        let weight = weight(&compared.before, &compared.after);
        let kept = self.differences.entry(compared.kind).or_default();
        if kept.len() >= EXAMPLES_MAX && kept.last().is_some_and(|(least, _)| *least >= weight) {
            return;
        }
        let place = kept.partition_point(|(known, _)| *known >= weight);
        kept.insert(place, (weight, difference(compared, self.viewer)));
        kept.truncate(EXAMPLES_MAX);
    }

    /// What they come to; `complete` says whether these are all.
    #[must_use]
    pub fn finish(self, complete: bool) -> Figures {
        let mut ways: Vec<Way> =
            self.ways.into_iter().map(|((from, to), calls)| Way { from, to, calls }).collect();
        ways.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
        let rest = ways.split_off(ways.len().min(WAYS_LISTED_MAX));
        let mut causes: Vec<CauseCount> = self
            .causes
            .into_iter()
            .map(|((before, after), calls)| CauseCount { before, after, calls })
            .collect();
        let word = |cause: Option<Cause>| cause.map_or("", Cause::word);
        causes.sort_by_key(|count| (Reverse(count.calls), word(count.before), word(count.after)));
        let mut differences: Vec<(u64, Difference)> = self.differences.into_values().flatten().collect();
        differences.sort_by_key(|(weight, difference)| (Reverse(*weight), difference.call));
        Figures {
            attempts: self.attempts,
            replayed: self.replayed,
            complete,
            kinds: Kind::ALL
                .into_iter()
                .map(|kind| (kind, self.kinds.get(&kind).copied().unwrap_or_default()))
                .collect(),
            shortened: self.shortened,
            money: self.money.into_values().collect(),
            other_ways: self.other_ways + rest.iter().map(|way| way.calls).sum::<u64>(),
            ways,
            causes,
            differences: differences.into_iter().map(|(_, difference)| difference).collect(),
            unknown: self.unknown.into_iter().map(|(what, calls)| UnknownCount { what, calls }).collect(),
            unreplayed: self
                .unreplayed
                .into_iter()
                .map(|(why, (calls, example))| UnreplayedCount { why, calls, example })
                .collect(),
        }
    }
}

/// How much money changes, micro-units of whatever currency.
fn weight(before: &Side, after: &Side) -> u64 {
    let cost = |side: &Side| side.cost.map_or(0, |cost| cost.micros);
    let of = |one: i64, other: i64| one.abs_diff(other);
    of(before.charge_micros, after.charge_micros).saturating_add(of(cost(before), cost(after)))
}

fn difference(compared: &Compared<'_>, viewer: Option<TenantId>) -> Difference {
    let attempt = compared.attempt;
    let sample = |side: &Side| Sample {
        cause: cause(&side.decision),
        way: side.way(viewer),
        charge: Money::new(side.charge_micros, side.currency()),
        cost: side.cost,
    };
    Difference {
        call: attempt.call,
        tenant: attempt.tenant,
        kind: compared.kind,
        at: attempt.facts.at,
        from: attempt.facts.from.as_ref().map(ToString::to_string),
        to: attempt.facts.to.to_string(),
        before: sample(&compared.before),
        after: sample(&compared.after),
    }
}
