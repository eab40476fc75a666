//! The lines of an invoice: what a period's charges are for, gathered.

use crate::rating::LineKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lines that an invoice has at most. Beyond it the numbers of a kind are not told apart any more.
pub const LINES_MAX: usize = 2_000;
/// What stands in the place of a number where numbers are not told apart.
const OTHERS: &str = "several numbers";

/// What a line charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// Set-up fees.
    Setup,
    /// Months of numbers.
    Lease,
    /// Calls over carriers.
    Outbound,
    /// Calls from carriers.
    Inbound,
    /// Legs of apps and SIP users.
    App,
    /// Legs of trunks.
    Trunk,
    /// Other parts of calls, such as connection fees.
    Usage,
    /// What was taken back.
    Reversal,
}

impl Subject {
    /// All of them, in the order in which an invoice has them.
    pub const ALL: [Self; 8] = [
        Self::Setup,
        Self::Lease,
        Self::Outbound,
        Self::Inbound,
        Self::App,
        Self::Trunk,
        Self::Usage,
        Self::Reversal,
    ];

    /// The word on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Lease => "lease",
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
            Self::App => "app",
            Self::Trunk => "trunk",
            Self::Usage => "usage",
            Self::Reversal => "reversal",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.word() == word)
    }
}

impl From<LineKind> for Subject {
    fn from(kind: LineKind) -> Self {
        match kind {
            LineKind::Outbound => Self::Outbound,
            LineKind::Inbound => Self::Inbound,
            LineKind::App => Self::App,
            LineKind::Trunk => Self::Trunk,
            LineKind::Connection | LineKind::Minimum => Self::Usage,
        }
    }
}

/// What the charges of one line have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineKey {
    /// What for.
    pub subject: Subject,
    /// The tenant's number, with its `+`; empty where there is none.
    pub number: String,
    /// For people: `call to +46`.
    pub description: String,
    /// The version of the prices; empty for what has none.
    pub rate_version: String,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceLine {
    /// What its charges have in common.
    #[serde(flatten)]
    pub key: LineKey,
    /// How many charges: calls, months, fees.
    pub quantity: u64,
    /// Milliseconds billed.
    pub billed_ms: u64,
    /// Their sum in micro-units: positive is to be paid. A line is a sum of charges that were rounded one by one when
    /// they were made; nothing is rounded here.
    pub amount_micros: i64,
}

/// The lines of an invoice while they are gathered.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    all: BTreeMap<LineKey, (u64, u64, i128)>,
    by_number: bool,
}

impl Lines {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { all: BTreeMap::new(), by_number: true }
    }

    /// Adds a charge.
    pub fn add(&mut self, mut key: LineKey, billed_ms: u64, amount_micros: i64) {
        if !self.by_number && !key.number.is_empty() {
            OTHERS.clone_into(&mut key.number);
        }
        let (quantity, milliseconds, amount) = self.all.entry(key).or_default();
        *quantity = quantity.saturating_add(1);
        *milliseconds = milliseconds.saturating_add(billed_ms);
        *amount += i128::from(amount_micros);
        if self.by_number && self.all.len() > LINES_MAX {
            self.fold();
        }
    }

    /// Numbers are too many to be told apart.
    fn fold(&mut self) {
        self.by_number = false;
        for (mut key, (quantity, billed_ms, amount)) in std::mem::take(&mut self.all) {
            if !key.number.is_empty() {
                OTHERS.clone_into(&mut key.number);
            }
            let sum = self.all.entry(key).or_default();
            *sum = (sum.0.saturating_add(quantity), sum.1.saturating_add(billed_ms), sum.2 + amount);
        }
    }

    /// The lines in the order of an invoice; `None` where a sum is beyond what an amount can be.
    #[must_use]
    pub fn finish(self) -> Option<Vec<InvoiceLine>> {
        let line = |(key, (quantity, billed_ms, amount)): (LineKey, (u64, u64, i128))| {
            let amount_micros = i64::try_from(amount).ok()?;
            Some(InvoiceLine { key, quantity, billed_ms, amount_micros })
        };
        self.all.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(subject: Subject, number: usize) -> LineKey {
        LineKey {
            subject,
            number: format!("+1212555{number:04}"),
            description: "call to +46".to_owned(),
            rate_version: "v1".to_owned(),
        }
    }

    #[test]
    fn charges_of_the_same_number_destination_and_version_are_one_line() {
        let mut lines = Lines::new();
        lines.add(key(Subject::Outbound, 1), 61_000, 13_217);
        lines.add(key(Subject::Outbound, 1), 1_000, 217);
        lines.add(LineKey { rate_version: "v2".to_owned(), ..key(Subject::Outbound, 1) }, 1_000, 300);
        lines.add(key(Subject::Lease, 1), 0, 1_000_000);
        let lines = lines.finish().expect("in range");
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.key.subject, line.quantity, line.billed_ms, line.amount_micros))
            .collect();
        assert_eq!(
            shown,
            [
                (Subject::Lease, 1, 0, 1_000_000),
                (Subject::Outbound, 2, 62_000, 13_434),
                (Subject::Outbound, 1, 1_000, 300)
            ]
        );
    }

    #[test]
    fn too_many_numbers_are_not_told_apart_and_nothing_is_lost() {
        let mut lines = Lines::new();
        for number in 0..LINES_MAX + 500 {
            lines.add(key(Subject::Outbound, number), 1, 7);
        }
        let lines = lines.finish().expect("in range");
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].key.number.as_str(), lines[0].quantity), (OTHERS, LINES_MAX as u64 + 500));
    }

    proptest! {
        #[test]
        fn lines_sum_to_their_charges_however_they_are_gathered(
            charges in proptest::collection::vec((0_usize..8, 0_usize..3_000, -1_000_000_000_i64..1_000_000_000), 0..3_000),
        ) {
            let mut lines = Lines::new();
            for (subject, number, amount) in &charges {
                lines.add(key(Subject::ALL[*subject], *number), 5, *amount);
            }
            let lines = lines.finish().expect("in range");
            prop_assert!(lines.len() <= LINES_MAX);
            prop_assert_eq!(
                lines.iter().map(|line| line.amount_micros).sum::<i64>(),
                charges.iter().map(|(_, _, amount)| amount).sum::<i64>()
            );
            prop_assert_eq!(lines.iter().map(|line| line.quantity).sum::<u64>(), charges.len() as u64);
        }
    }
}
