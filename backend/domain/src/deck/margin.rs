//! Where a plan would sell for less than every carrier asks.

use super::{Deck, Prefix};
use crate::{
    config::Carrier,
    rating::{LineKind, PricePlan},
};
use serde::Serialize;
use std::collections::HashMap;

/// Losses that are listed at most; the others are counted.
pub const LOSSES_MAX: usize = 50;

/// A prefix that is sold for less than it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    /// Which.
    pub prefix: Prefix,
    /// What a minute is sold for at least, micro-units.
    pub price_micros: i64,
    /// What the cheapest carrier asks, micro-units.
    pub cost_micros: i64,
    /// That carrier.
    pub carrier: String,
}

/// What is sold below cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Losses {
    /// How many prefixes.
    pub count: u64,
    /// The first of them.
    pub listed: Vec<Loss>,
}

/// Prices by prefix: a few of their own, before those of a deck.
struct Prices<'a> {
    own: HashMap<Prefix, i64>,
    deck: Option<&'a Deck>,
}

impl Prices<'_> {
    /// What a prefix costs, by the longest prefix that covers it.
    fn of(&self, prefix: Prefix) -> Option<i64> {
        let own = (0..=prefix.len()).rev().map(|length| prefix.first(length));
        let own = own
            .filter(|_| !self.own.is_empty())
            .find_map(|short| Some((short.len(), *self.own.get(&short)?)));
        let row = self.deck.and_then(|deck| deck.covering(prefix));
        match (own, row) {
            (own, Some(row)) if own.is_none_or(|(length, _)| length < row.prefix.len()) => {
                Some(row.rate.per_minute_micros)
            }
            (own, _) => own.map(|(_, micros)| micros),
        }
    }

    fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        let rows = self.deck.into_iter().flat_map(|deck| deck.keys.iter().map(|key| Prefix(*key)));
        self.own.keys().copied().chain(rows)
    }
}

fn own<'a>(
    rows: impl Iterator<Item = (&'a str, i64)>,
    better: impl Fn(i64, i64) -> i64,
) -> HashMap<Prefix, i64> {
    let mut own = HashMap::new();
    for (prefix, micros) in rows {
        let Ok(prefix) = prefix.parse::<Prefix>() else { continue };
        own.entry(prefix).and_modify(|known| *known = better(*known, micros)).or_insert(micros);
    }
    own
}

/// What carriers ask that are switched on and have costs in a plan's currency.
struct Bought<'a>(Vec<(&'a Carrier, Prices<'a>)>);

impl<'a> Bought<'a> {
    fn of(plan: &PricePlan, carriers: &'a [Carrier], deck: impl Fn(&str) -> Option<&'a Deck>) -> Self {
        let has_real = carriers.iter().any(|carrier| carrier.enabled && !carrier.sandbox);
        let counts = |carrier: &&Carrier| {
            carrier.enabled && carrier.currency == plan.currency && !(has_real && carrier.sandbox)
        };
        let priced = |carrier: &'a Carrier| {
            let rows = carrier.prefixes.iter().map(|row| (row.prefix.as_str(), row.cost_per_minute_micros));
            let deck = carrier.deck.as_ref().and_then(|used| deck(&used.hash));
            (carrier, Prices { own: own(rows, i64::max), deck })
        };
        Self(carriers.iter().filter(counts).map(priced).collect())
    }

    /// The cheapest of a prefix.
    fn cheapest(&self, point: Prefix) -> Option<(i64, &'a Carrier)> {
        let costs = self.0.iter().filter_map(|(carrier, costs)| Some((costs.of(point)?, *carrier)));
        costs.min_by_key(|(cost, _)| *cost)
    }
}

/// Where a plan sells for less than the cheapest of the carriers that are switched on asks, at the worst time of day.
/// Carriers with costs in another currency are left out.
#[must_use]
pub fn losses<'a>(
    plan: &PricePlan,
    carriers: &'a [Carrier],
    deck: impl Fn(&str) -> Option<&'a Deck>,
) -> Losses {
    found(plan, &Bought::of(plan, carriers, &deck), None, &deck)
}

/// Where a plan sells for less than the cheapest carrier asks, and did not while carriers were as they were before, or for
/// less more.
#[must_use]
pub fn losses_since<'a>(
    plan: &PricePlan,
    (before, after): (&'a [Carrier], &'a [Carrier]),
    deck: impl Fn(&str) -> Option<&'a Deck>,
) -> Losses {
    let known = Bought::of(plan, before, &deck);
    found(plan, &Bought::of(plan, after, &deck), Some(&known), &deck)
}

fn found<'a>(
    plan: &PricePlan,
    bought: &Bought<'_>,
    known: Option<&Bought<'_>>,
    deck: impl Fn(&str) -> Option<&'a Deck>,
) -> Losses {
    let sold = Prices {
        own: own(plan.outbound.iter().map(|rate| (rate.prefix.as_str(), rate.per_minute_micros)), i64::min),
        deck: plan.deck.as_ref().and_then(|used| deck(&used.hash)),
    };
    let mut points: Vec<Prefix> =
        sold.prefixes().chain(bought.0.iter().flat_map(|(_, costs)| costs.prefixes())).collect();
    points.sort_unstable();
    points.dedup();
    let mut losses = Losses::default();
    for point in points {
        let Some(price) = sold.of(point) else { continue };
        let Some((cost, carrier)) = bought.cheapest(point) else { continue };
        let price = plan.lowest(LineKind::Outbound, price);
        let was = known.and_then(|known| known.cheapest(point)).map(|(cost, _)| cost);
        let is_known = was.is_some_and(|was| price < was && cost <= was);
        if price < cost && !is_known {
            losses.count += 1;
            if losses.listed.len() < LOSSES_MAX {
                losses.listed.push(Loss {
                    prefix: point,
                    price_micros: price,
                    cost_micros: cost,
                    carrier: carrier.name.clone(),
                });
            }
        }
    }
    losses
}
