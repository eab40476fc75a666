//! What one deck changes of another.

use super::{Deck, Prefix, Row};
use serde::{Deserialize, Serialize};

/// Changes of one kind that are listed at most; the others are counted.
pub const LISTED_MAX: usize = 200;
/// A price that changes by more than so many per cent is suspicious.
pub const JUMP_PERCENT: i64 = 50;

/// A prefix that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which.
    pub prefix: Prefix,
    /// Its destination's name.
    pub destination: String,
    /// What a minute costs before, micro-units; `None` where the prefix is new.
    pub before_micros: Option<i64>,
    /// What it costs after; `None` where the prefix is gone.
    pub after_micros: Option<i64>,
}

/// Changes of one kind: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// How many.
    pub count: u64,
    /// The first [`LISTED_MAX`].
    pub listed: Vec<Change>,
}

/// What a deck changes of the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Prefixes that were not there.
    pub added: Changes,
    /// Prefixes with another price, other terms or another destination.
    pub changed: Changes,
    /// Prefixes that are there no more. Their numbers cost what a shorter prefix says, or are not sold.
    pub removed: Changes,
    /// Of the changed ones those whose price goes up or down by more than [`JUMP_PERCENT`] per cent; of the new ones those
    /// that cost so much more or less than what covered them before.
    pub jumps: Changes,
    /// Prefixes that stay as they are.
    pub unchanged: u64,
}

impl Changes {
    fn add(&mut self, prefix: Prefix, before: Option<&Row<'_>>, after: Option<&Row<'_>>) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            let name = after.or(before).map(|row| row.destination.name.clone()).unwrap_or_default();
            self.listed.push(Change {
                prefix,
                destination: name,
                before_micros: before.map(|row| row.rate.per_minute_micros),
                after_micros: after.map(|row| row.rate.per_minute_micros),
            });
        }
    }
}

impl Comparison {
    /// Compares two decks, in one walk along both.
    #[must_use]
    pub fn of(before: &Deck, after: &Deck) -> Self {
        let mut found = Self::default();
        let (mut old, mut new) = (before.rows().peekable(), after.rows().peekable());
        loop {
            let (was, is) = (old.peek().copied(), new.peek().copied());
            match (was, is) {
                (None, None) => return found,
                (Some(was), Some(is)) if was.prefix == is.prefix => {
                    found.both(&was, &is);
                    old.next();
                    new.next();
                }
                (Some(was), is) if is.is_none_or(|is| was.prefix < is.prefix) => {
                    found.removed.add(was.prefix, Some(&was), None);
                    old.next();
                }
                (_, Some(is)) => {
                    found.new_row(before, &is);
                    new.next();
                }
                (Some(_), None) => {
                    old.next();
                }
            }
        }
    }

    fn both(&mut self, was: &Row<'_>, is: &Row<'_>) {
        if was.says(is) {
            self.unchanged += 1;
            return;
        }
        self.changed.add(is.prefix, Some(was), Some(is));
        if is_jump(was.rate.per_minute_micros, is.rate.per_minute_micros) {
            self.jumps.add(is.prefix, Some(was), Some(is));
        }
    }

    fn new_row(&mut self, before: &Deck, is: &Row<'_>) {
        let covered = before.covering(is.prefix);
        self.added.add(is.prefix, None, Some(is));
        if let Some(was) = covered
            && is_jump(was.rate.per_minute_micros, is.rate.per_minute_micros)
        {
            self.jumps.add(is.prefix, Some(&was), Some(is));
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.added.count == 0 && self.changed.count == 0 && self.removed.count == 0
    }
}

/// Whether a price goes up or down by more than the limit; from or to nothing is a jump.
const fn is_jump(before: i64, after: i64) -> bool {
    (after - before).saturating_abs().saturating_mul(100) > before.saturating_mul(JUMP_PERCENT)
}
