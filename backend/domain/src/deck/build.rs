//! A deck in the making: rows in any order.

use super::{Deck, DeckRate, Destination, Prefix};
use crate::rating::RateTerms;
use std::collections::HashMap;

/// A prefix that stands in a file more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Which.
    pub prefix: Prefix,
    /// The line of the row that counts.
    pub kept: u64,
    /// The line of the row that does not.
    pub dropped: u64,
    /// Whether the two say different prices: the dearer one counts.
    pub differs: bool,
}

/// Collects rows.
#[derive(Debug, Default)]
pub struct Builder {
    rows: Vec<(u64, u32, u32)>,
    rates: Vec<DeckRate>,
    destinations: Vec<Destination>,
    known_rates: HashMap<DeckRate, u32>,
    known_destinations: HashMap<Destination, u32>,
}

impl Builder {
    /// One with room for so many rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), ..Self::default() }
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The place of a rate, which many rows share.
    pub fn rate(&mut self, destination: &Destination, per_minute_micros: i64, terms: RateTerms) -> u32 {
        let destination = match self.known_destinations.get(destination) {
            Some(place) => *place,
            None => {
                let place = place_of(self.destinations.len());
                self.destinations.push(destination.clone());
                self.known_destinations.insert(destination.clone(), place);
                place
            }
        };
        let rate = DeckRate { destination, per_minute_micros, terms };
        if let Some(place) = self.known_rates.get(&rate) {
            return *place;
        }
        let place = place_of(self.rates.len());
        self.rates.push(rate);
        self.known_rates.insert(rate, place);
        place
    }

    /// Adds a row, of a line of the file, at a rate.
    pub fn add(&mut self, prefix: Prefix, rate: u32, line: u64) {
        self.rows.push((prefix.0, rate, u32::try_from(line).unwrap_or(u32::MAX)));
    }

    /// The deck, and what stood in it twice.
    #[must_use]
    pub fn build(self) -> (Deck, Vec<Duplicate>) {
        let Self { mut rows, rates, destinations, .. } = self;
        rows.sort_unstable_by_key(|(key, _, line)| (*key, *line));
        let mut duplicates = Vec::new();
        let (mut keys, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for equals in rows.chunk_by(|one, other| one.0 == other.0) {
            let price = |rate: u32| rates.get(rate as usize).map_or(0, |rate| rate.per_minute_micros);
            let dearest = equals.iter().max_by_key(|(_, rate, line)| (price(*rate), u32::MAX - line));
            let Some((key, rate, line)) = dearest.copied() else { continue };
            let others = equals.iter().filter(|row| row.2 != line);
            duplicates.extend(others.map(|(_, other, dropped)| Duplicate {
                prefix: Prefix(key),
                kept: u64::from(line),
                dropped: u64::from(*dropped),
                differs: price(*other) != price(rate),
            }));
            keys.push(key);
            places.push(rate);
        }
        (Deck::of_sorted(keys, places, rates, destinations).tidied(), duplicates)
    }
}

fn place_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Deck {
    /// The same deck with its rates and destinations in the order in which its rows first name them: two decks of the same
    /// rows are equal, byte for byte.
    fn tidied(self) -> Self {
        let mut rates: Vec<DeckRate> = Vec::new();
        let mut destinations: Vec<Destination> = Vec::new();
        let mut rate_places = vec![u32::MAX; self.rates.len()];
        let mut destination_places = vec![u32::MAX; self.destinations.len()];
        let mut places = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let Some(rate) = self.rates.get(*place as usize) else { continue };
            let known = &mut rate_places[*place as usize];
            if *known == u32::MAX {
                let destination = &mut destination_places[rate.destination as usize];
                if *destination == u32::MAX {
                    *destination = place_of(destinations.len());
                    destinations.push(self.destinations[rate.destination as usize].clone());
                }
                *known = place_of(rates.len());
                rates.push(DeckRate { destination: *destination, ..*rate });
            }
            places.push(*known);
        }
        Self { places, rates, destinations, ..self }
    }
}
