//! What comes of an attempt on one configuration: who takes it, what it earns and what it costs.

use super::{Attempted, Unknown};
use crate::{
    config::{Snapshot, is_open},
    decision::{Attempt, Decision, Target, called},
    ids::{CarrierId, TenantId},
    money::{Currency, Money},
    phone::E164,
    rating::{Line, LineKind, LineTerms, RateTerms},
};
use chrono::{DateTime, Utc};

/// What comes of an attempt on one configuration.
#[derive(Debug)]
pub struct Side {
    /// What is decided.
    pub decision: Decision,
    /// Who answers, where somebody does: the place in the plan.
    pub place: Option<usize>,
    /// What the payer is charged, micro-units of the quote's currency.
    pub charge_micros: i64,
    /// What the carrier asks; `None` where no carrier takes it, or none of its prices is known.
    pub cost: Option<Money>,
}

impl Side {
    pub(super) fn of(
        snapshot: &Snapshot,
        attempt: &Attempted,
        decision: Decision,
        (place, ms): (Option<usize>, Option<u64>),
    ) -> Self {
        let charge_micros = ms.map_or(0, |ms| decision.quote.price(ms).micros);
        let place = place.filter(|_| decision.connects());
        let taker = place.and_then(|place| decision.plan.get(place));
        let cost = taker.zip(ms).and_then(|(taker, ms)| carrier_cost(snapshot, attempt, taker, ms));
        Self { decision, place, charge_micros, cost }
    }

    /// The currency of the charge.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.decision.quote.currency
    }

    /// The way of the call in words: whom it rings, in order. Of another tenant than who looks no names are said.
    #[must_use]
    pub fn way(&self, viewer: Option<TenantId>) -> String {
        let is_strange = |tenant: &TenantId| viewer.is_some_and(|viewer| viewer != *tenant);
        let mut way = String::new();
        for (place, Attempt { target, .. }) in self.decision.plan.iter().enumerate() {
            way.push_str(if place == 0 { "" } else { ", then " });
            match target {
                Target::User { tenant, .. } | Target::Trunk { tenant, .. } if is_strange(tenant) => {
                    way.push_str("another tenant");
                }
                Target::User { username, .. } => way.extend(["user ", username]),
                Target::Trunk { fqdn, .. } => way.extend(["trunk ", fqdn]),
                Target::Carrier { name, .. } => way.extend(["carrier ", name]),
                Target::Echo => way.push_str("the echo"),
            }
        }
        way
    }
}

/// Who took an attempt: its place in the plan. Of trunks that is recorded; of carriers it is the first of the plan.
pub(super) fn took(attempt: &Attempted, decided: &Decision, unknown: &mut Vec<Unknown>) -> Option<usize> {
    let _ = attempt.answered_ms?;
    let plan = &decided.plan;
    let by_trunk = attempt.took.as_deref().and_then(|took| {
        plan.iter().position(
            |tried| matches!(&tried.target, Target::Trunk { fqdn, .. } if fqdn.eq_ignore_ascii_case(took)),
        )
    });
    let is_other = |tried: &&Attempt| !matches!(tried.target, Target::Trunk { .. });
    if by_trunk.is_none() && plan.iter().filter(is_other).count() > 1 {
        unknown.push(Unknown::Carrier);
    }
    by_trunk
        .or_else(|| plan.iter().position(|tried| is_other(&tried)))
        .or_else(|| (!plan.is_empty()).then_some(0))
}

/// Who would take an attempt on another plan: who took it where that is tried as before, else the first that did not fail.
pub(super) fn would_take(before: &Decision, place: Option<usize>, after: &Decision) -> Option<usize> {
    let place = place?;
    let same = |one: &Attempt, other: &Attempt| one.target == other.target;
    let is_same_way = before.plan.len() == after.plan.len()
        && before.plan.iter().zip(&after.plan).all(|(one, other)| same(one, other));
    if is_same_way {
        return Some(place);
    }
    let failed = &before.plan[..place.min(before.plan.len())];
    let is_left = |tried: &Attempt| !failed.iter().any(|failed| same(failed, tried));
    after.plan.iter().position(is_left).or_else(|| (!after.plan.is_empty()).then_some(0))
}

fn carrier_cost(snapshot: &Snapshot, attempt: &Attempted, taker: &Attempt, ms: u64) -> Option<Money> {
    let Target::Carrier { carrier, .. } = taker.target else { return None };
    // Whatever is sent to the carrier, it is chosen by the number itself.
    let number = E164::parse(&taker.callee).ok().or_else(|| called(snapshot, &attempt.facts).e164())?;
    cost_of(snapshot, carrier, number, attempt.facts.at, ms)
}

/// What a carrier asks for a call of a duration to a number that begins at a moment: by the longest prefix, of its own or of
/// its deck, and where they are equally long by its own. `None` where it does not carry the number.
#[must_use]
pub fn cost_of(
    snapshot: &Snapshot,
    carrier: CarrierId,
    number: E164,
    at: DateTime<Utc>,
    ms: u64,
) -> Option<Money> {
    let platform = &snapshot.platform;
    let place = snapshot.carrier_place(carrier)?;
    let value = platform.value.carriers.get(place)?;
    let mut own: Option<(u8, i64)> = None;
    for (length, _, prefix) in platform.prefixes(number).filter(|(_, of, _)| *of == place) {
        if own.is_some_and(|(longest, _)| length < longest) {
            break;
        }
        let prefix = value.prefixes.get(prefix)?;
        if is_open(&prefix.windows, at) {
            own = Some((length, prefix.cost_per_minute_micros));
        }
    }
    let row = value.deck.as_ref().and_then(|used| platform.deck(&used.hash)?.find(number));
    let (per_minute, terms) = match (own, row) {
        (own, Some(row)) if own.is_none_or(|(length, _)| usize::from(length) < row.prefix.len()) => {
            (row.rate.per_minute_micros, row.rate.terms)
        }
        (Some((_, micros)), _) => (micros, RateTerms::default()),
        (None, _) => return None,
    };
    let increment = terms.next_ms.unwrap_or(1);
    let mut line = Line::plain(LineKind::Outbound, "".into(), per_minute, increment, String::new());
    let terms = LineTerms {
        connection_micros: terms.connection_micros.unwrap_or_default(),
        first_ms: terms.first_ms.unwrap_or_default(),
        minimum_ms: terms.minimum_ms.unwrap_or_default(),
        minimum_micros: terms.minimum_micros.unwrap_or_default(),
        ..LineTerms::default()
    };
    line.terms = (!terms.is_plain()).then(|| Box::new(terms));
    Some(Money::new(line.price(ms), value.currency))
}
