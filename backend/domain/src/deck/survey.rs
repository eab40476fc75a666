//! What is odd about a deck by itself.

use super::{Deck, Prefix, Row};
use crate::country;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A country that the deck does not cover, or not as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its code, without a row that covers it.
    pub prefix: String,
    /// Whether some prefixes below it have one.
    pub is_partial: bool,
}

/// What is odd.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Survey {
    /// Prefixes that say nothing else than the shorter one that covers them.
    pub overlaps: u64,
    /// The first of them.
    pub overlaps_listed: Vec<Prefix>,
    /// Countries of which some numbers have no price.
    pub gaps: Vec<Gap>,
    /// Prefixes that cost nothing.
    pub free: u64,
    /// The first of them.
    pub free_listed: Vec<Prefix>,
}

/// Looks a deck over.
#[must_use]
pub fn survey(deck: &Deck) -> Survey {
    let mut survey = Survey::default();
    for (place, row) in deck.rows().enumerate() {
        if deck.above(place).is_some_and(|above| is_same_price(&above, &row)) {
            survey.overlaps += 1;
            list(&mut survey.overlaps_listed, row.prefix);
        }
        if row.rate.per_minute_micros == 0 && row.rate.terms.connection_micros.unwrap_or_default() == 0 {
            survey.free += 1;
            list(&mut survey.free_listed, row.prefix);
        }
    }
    survey.gaps = gaps(deck);
    survey
}

fn is_same_price(above: &Row<'_>, row: &Row<'_>) -> bool {
    above.rate.per_minute_micros == row.rate.per_minute_micros && above.rate.terms == row.rate.terms
}

fn list(all: &mut Vec<Prefix>, prefix: Prefix) {
    if all.len() < super::LISTED_MAX {
        all.push(prefix);
    }
}

/// Countries by their first code that no row covers.
fn gaps(deck: &Deck) -> Vec<Gap> {
    let mut gaps: BTreeMap<&str, Gap> = BTreeMap::new();
    for (code, country) in country::codes() {
        let Ok(prefix) = code.parse::<Prefix>() else { continue };
        if deck.covering(prefix).is_some() {
            continue;
        }
        let from = deck.keys.partition_point(|key| *key < prefix.0);
        let is_partial = deck.keys.get(from).is_some_and(|key| prefix.covers(Prefix(*key)));
        let gap = Gap { country: country.to_owned(), prefix: code.to_owned(), is_partial };
        gaps.entry(country).or_insert(gap);
    }
    gaps.into_values().collect()
}
