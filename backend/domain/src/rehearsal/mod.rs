//! A rehearsal: past attempts are decided and rated on a draft, by the same code as live, and compared with what happened.
//!
//! [`rehearse`] compares one attempt; a [`Tally`] adds many up. What an attempt does not record and a draft would need is
//! named ([`Unknown`]), and what cannot be decided again is left out and counted ([`Unreplayed`]).

mod carried;
mod side;
mod tally;
#[cfg(test)]
mod tests;
mod words;

pub use carried::Carried;
pub use side::{Side, cost_of};
pub use tally::{
    CauseCount, Difference, EXAMPLES_MAX, Figures, MoneyFigures, Sample, Tally, UnknownCount,
    UnreplayedCount, WAYS_MAX, Way,
};
pub use words::{Kind, Unknown, Unreplayed};

use crate::{
    config::Snapshot,
    decision::{Decision, Facts, Funds, Target, decide},
    ids::{CallId, TenantId},
    rating::{Line, Quote},
};

/// An attempt as it is recorded.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// The payer's record.
    pub call: CallId,
    /// Whose record it is.
    pub tenant: Option<TenantId>,
    /// What was known of the call.
    pub facts: Facts,
    /// What the payer had.
    pub funds: Funds,
    /// What was decided then.
    pub decision: Decision,
    /// For how long it was charged, milliseconds; `None` where it was not answered.
    pub answered_ms: Option<u64>,
    /// The trunk that took it, where one did.
    pub took: Option<String>,
}

/// Whether two decisions do the same with a call, at the same price; how they say why is left out.
#[must_use]
pub fn alike(one: &Decision, other: &Decision) -> bool {
    cause(one) == cause(other)
        && one.connects() == other.connects()
        && one.payer == other.payer
        && one.status == other.status
        && one.plan == other.plan
        && one.quote == other.quote
        && one.hold_seconds == other.hold_seconds
        && one.max_duration_seconds == other.max_duration_seconds
}

pub(crate) const fn cause(decision: &Decision) -> Option<crate::cause::Cause> {
    match &decision.verdict {
        crate::decision::Verdict::Connect => None,
        crate::decision::Verdict::Refuse { cause, .. } => Some(*cause),
    }
}

/// What an attempt comes to on two configurations.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The attempt.
    pub attempt: &'a Attempted,
    /// What is different.
    pub kind: Kind,
    /// On the first.
    pub before: Side,
    /// On the second.
    pub after: Side,
    /// Whether it ends earlier for lack of money.
    pub shortened: bool,
    /// What is not known of it.
    pub unknown: Vec<Unknown>,
}

/// Decides an attempt on two configurations and compares what comes of it. `before` is the one that it is compared with: as
/// it was then, or as it is today; `carried` counts the month's minutes on each of them.
#[must_use]
pub fn rehearse<'a>(
    (before, after): (&Snapshot, &Snapshot),
    attempt: &'a Attempted,
    carried: &mut [Carried; 2],
) -> Compared<'a> {
    let decided = |snapshot: &Snapshot, carried: &Carried| {
        let funds = carried.funds(attempt);
        decide(snapshot, &attempt.facts, &funds)
    };
    let first = decided(before, &carried[0]);
    let second = decided(after, &carried[1]);
    compare((before, first), (after, second), attempt, carried)
}

fn compare<'a>(
    (before, first): (&Snapshot, Decision),
    (after, second): (&Snapshot, Decision),
    attempt: &'a Attempted,
    carried: &mut [Carried; 2],
) -> Compared<'a> {
    let mut unknown = Vec::new();
    let place = side::took(attempt, &first, &mut unknown);
    let billed_ms = attempt.answered_ms;
    let lasts_ms = second.max_duration_seconds.saturating_mul(1000);
    let shortened = second.connects()
        && second.emergency.is_none()
        && second.max_duration_seconds < first.max_duration_seconds
        && billed_ms.is_some_and(|ms| ms > lasts_ms);
    let is_admitted = !first.connects() && second.connects();
    let after_ms = billed_ms.filter(|_| second.connects()).map(|ms| if shortened { lasts_ms } else { ms });
    let before_ms = billed_ms.filter(|_| first.connects());
    carried[0].count(attempt, &first.quote, before_ms);
    carried[1].count(attempt, &second.quote, after_ms);
    let next = side::would_take(&first, place, &second);
    let one = Side::of(before, attempt, first, (place, before_ms));
    let two = Side::of(after, attempt, second, (next, after_ms));
    let kind = Kind::of(&one, &two);
    unknowns(attempt, (&one, &two), is_admitted, kind, &mut unknown);
    Compared { attempt, kind, before: one, after: two, shortened, unknown }
}

fn unknowns(
    attempt: &Attempted,
    (before, after): (&Side, &Side),
    is_admitted: bool,
    kind: Kind,
    unknown: &mut Vec<Unknown>,
) {
    if is_admitted {
        unknown.push(Unknown::Admitted);
    }
    if kind == Kind::Rerouted && attempt.answered_ms.is_some() {
        unknown.push(Unknown::Answer);
    }
    let is_new = |target: &Target| !before.decision.plan.iter().any(|known| known.target == *target);
    if after.decision.plan.iter().any(|next| is_new(&next.target)) {
        unknown.push(Unknown::Load);
    }
    if after.charge_micros != before.charge_micros {
        unknown.push(Unknown::Balance);
    }
    let counts = |line: &Line| line.terms.as_deref().is_some_and(|terms| !terms.month.is_empty());
    let counted = |quote: &Quote, kind| quote.lines.iter().any(|line| line.kind == kind && counts(line));
    let is_uncounted = |line: &&Line| counts(line) && !counted(&attempt.decision.quote, line.kind);
    if after.decision.quote.lines.iter().find(is_uncounted).is_some() {
        unknown.push(Unknown::Volumes);
    }
}
