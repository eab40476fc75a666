//! Rate decks: up to a million prefixes with their prices, as sorted arrays of 16 bytes a row.
//!
//! [`read`] makes a deck of a CSV file in whatever layout it is, or says which rows are bad and why; [`Comparison`] says
//! what it changes; [`write`] is the other way, and [`pack`] keeps it.

mod build;
mod code;
mod columns;
mod compare;
mod fields;
mod margin;
mod packed;
mod read;
mod survey;
#[cfg(test)]
mod tests;
mod write;

pub use build::{Builder, Duplicate};
pub use code::Prefix;
pub use columns::{Column, Columns};
pub use compare::{Change, Changes, Comparison, JUMP_PERCENT, LISTED_MAX};
pub use margin::{LOSSES_MAX, Loss, Losses, losses, losses_since};
pub use packed::{Unreadable, pack, unpack};
pub use read::{FAULTS_MAX, Fault, Faults, READ_MAX_BYTES, Read, read};
pub use survey::{Gap, Survey, survey};
pub use write::write;

use crate::{phone::E164, rating::RateTerms};
use code::{code_of, is_prefix};

/// Prefixes of a deck at most.
pub const ROWS_MAX: usize = 1_200_000;
/// The prefixes of a number begin in one of so many buckets, by its first three digits.
const BUCKETS: usize = 1 << 12;
const BUCKET_SHIFT: u32 = 64 - 12;
/// No prefix of the deck begins this one.
const NONE: u32 = u32::MAX;

/// What a row is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// Its name: `Sweden - Mobile`.
    pub name: String,
    /// `landline`, `mobile`, …; empty where the file says nothing.
    pub kind: String,
    /// ISO 3166-1 alpha-2, or what the file says.
    pub country: String,
}

/// What calls to a prefix cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeckRate {
    /// Its destination's place.
    destination: u32,
    /// Micro-units per minute.
    pub per_minute_micros: i64,
    /// How it is billed, where the deck says.
    pub terms: RateTerms,
}

/// A deck: prefixes in the order of their digits, each with the nearest shorter one that begins it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deck {
    keys: Vec<u64>,
    parents: Vec<u32>,
    places: Vec<u32>,
    rates: Vec<DeckRate>,
    destinations: Vec<Destination>,
    /// Where the prefixes of each bucket begin, and where the last one ends.
    buckets: Vec<u32>,
}

/// A row of a deck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its prefix.
    pub prefix: Prefix,
    /// What calls to it cost.
    pub rate: &'a DeckRate,
    /// What it is about.
    pub destination: &'a Destination,
}

impl Row<'_> {
    /// Whether two rows say the same, wherever their decks keep it.
    #[must_use]
    pub fn says(&self, other: &Row<'_>) -> bool {
        self.rate.per_minute_micros == other.rate.per_minute_micros
            && self.rate.terms == other.rate.terms
            && self.destination == other.destination
    }
}

impl Deck {
    /// Rows in the order of their digits, and what they point at.
    fn of_sorted(
        keys: Vec<u64>,
        places: Vec<u32>,
        rates: Vec<DeckRate>,
        destinations: Vec<Destination>,
    ) -> Self {
        let mut parents = Vec::with_capacity(keys.len());
        let mut open: Vec<u32> = Vec::new();
        for (place, key) in (0_u32..).zip(&keys) {
            while open.last().is_some_and(|above| !is_prefix(keys[*above as usize], *key)) {
                open.pop();
            }
            parents.push(open.last().copied().unwrap_or(NONE));
            open.push(place);
        }
        let mut buckets = vec![0_u32; BUCKETS + 1];
        for key in &keys {
            buckets[bucket(*key) + 1] += 1;
        }
        for at in 0..BUCKETS {
            buckets[at + 1] += buckets[at];
        }
        Self { keys, parents, places, rates, destinations, buckets }
    }

    /// How many prefixes it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The row of the longest prefix of a number.
    ///
    /// What comes last before the number, in the order of digits, is its longest prefix or is begun by it: so one search
    /// finds it, and a few steps up.
    #[must_use]
    pub fn find(&self, number: E164) -> Option<Row<'_>> {
        self.longest(code_of(number.as_u64()))
    }

    /// The row of the longest prefix of a prefix; its own where it has one.
    #[must_use]
    pub fn covering(&self, prefix: Prefix) -> Option<Row<'_>> {
        self.longest(prefix.0)
    }

    fn longest(&self, code: u64) -> Option<Row<'_>> {
        let bucket = bucket(code);
        let (from, until) = (*self.buckets.get(bucket)? as usize, self.buckets[bucket + 1] as usize);
        let after = from + self.keys[from..until].partition_point(|key| *key <= code);
        let mut place = after.checked_sub(1)?;
        while !is_prefix(self.keys[place], code) {
            place = match self.parents[place] {
                NONE => return None,
                above => above as usize,
            };
        }
        self.row(place)
    }

    /// A row by its place in the order of digits.
    #[must_use]
    pub fn row(&self, place: usize) -> Option<Row<'_>> {
        let rate = self.rates.get(*self.places.get(place)? as usize)?;
        let destination = self.destinations.get(rate.destination as usize)?;
        Some(Row { prefix: Prefix(self.keys[place]), rate, destination })
    }

    /// The row of exactly this prefix.
    #[must_use]
    pub fn get(&self, prefix: Prefix) -> Option<Row<'_>> {
        self.row(self.keys.binary_search(&prefix.0).ok()?)
    }

    /// The nearest row above one, by its place.
    fn above(&self, place: usize) -> Option<Row<'_>> {
        match *self.parents.get(place)? {
            NONE => None,
            above => self.row(above as usize),
        }
    }

    /// All rows, in the order of their digits.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|place| self.row(place))
    }

    /// Bytes that its rows take in memory, beside what they point at.
    #[must_use]
    pub const fn row_bytes(&self) -> usize {
        self.keys.len() * (size_of::<u64>() + 2 * size_of::<u32>())
    }
}

const fn bucket(key: u64) -> usize {
    (key >> BUCKET_SHIFT) as usize
}
