//! A carrier's bill beside our own records: which of its rows is which of our calls, and where they differ. Pure.

use std::collections::{BTreeSet, HashMap};

/// A call of ours that a carrier carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurCall<I> {
    /// Which.
    pub id: I,
    /// The number that was called, digits without `+`.
    pub to: String,
    /// When it was answered, milliseconds since 1970.
    pub at_ms: i64,
    /// How long it lasted, milliseconds.
    pub duration_ms: i64,
    /// What it should cost, micro-units; `None` where no cost is known.
    pub cost_micros: Option<i64>,
}

/// A row of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// The line of the file.
    pub line: u64,
    /// The number that was called, digits without `+`.
    pub to: String,
    /// When it began, milliseconds since 1970.
    pub at_ms: i64,
    /// How long it lasted, milliseconds.
    pub duration_ms: i64,
    /// What is asked for it, micro-units; `None` where the file does not say.
    pub price_micros: Option<i64>,
}

/// How far two may be apart that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Between the two times: clocks differ, and some bills say when it rang.
    pub time_ms: i64,
    /// Between the two durations: bills round up.
    pub duration_ms: i64,
    /// Between cost and price, micro-units.
    pub price_micros: i64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { time_ms: 90_000, duration_ms: 1_000, price_micros: 100 }
    }
}

/// A row and a call that are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<I> {
    /// The call.
    pub call: OurCall<I>,
    /// The row.
    pub row: BillRow,
    /// Whether the durations differ by more than is tolerated.
    pub duration_differs: bool,
    /// Whether the price differs from the cost by more than is tolerated.
    pub price_differs: bool,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled<I> {
    /// What is on both sides.
    pub pairs: Vec<Pair<I>>,
    /// Calls that are not on the bill.
    pub missing: Vec<OurCall<I>>,
    /// Rows that are no call of ours.
    pub extra: Vec<BillRow>,
}

/// Finds for each row, oldest first, the call to the same number that is nearest in time, and within the tolerance nearest
/// in duration where several are. Each call is taken once.
#[must_use]
pub fn reconcile<I: Clone>(
    calls: Vec<OurCall<I>>,
    mut rows: Vec<BillRow>,
    tolerance: Tolerance,
) -> Reconciled<I> {
    let mut by_number: HashMap<&str, BTreeSet<(i64, usize)>> = HashMap::new();
    for (place, call) in calls.iter().enumerate() {
        by_number.entry(&call.to).or_default().insert((call.at_ms, place));
    }
    rows.sort_by_key(|row| (row.at_ms, row.line));
    let (mut pairs, mut extra, mut taken) = (Vec::new(), Vec::new(), vec![false; calls.len()]);
    for row in rows {
        let near = (row.at_ms.saturating_sub(tolerance.time_ms), 0)
            ..=(row.at_ms.saturating_add(tolerance.time_ms), usize::MAX);
        let distance = |(at_ms, place): &(i64, usize)| {
            let apart = calls[*place].duration_ms.abs_diff(row.duration_ms);
            (apart > tolerance.duration_ms.unsigned_abs(), at_ms.abs_diff(row.at_ms), apart)
        };
        let candidates = by_number.get_mut(row.to.as_str());
        let found = candidates.and_then(|known| {
            let nearest = known.range(near).min_by_key(|candidate| distance(candidate)).copied()?;
            known.remove(&nearest);
            Some(nearest.1)
        });
        match found {
            Some(place) => {
                taken[place] = true;
                pairs.push(pair(calls[place].clone(), row, tolerance));
            }
            None => extra.push(row),
        }
    }
    drop(by_number);
    let missing = calls.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(call, _)| call).collect();
    Reconciled { pairs, missing, extra }
}

fn pair<I>(call: OurCall<I>, row: BillRow, tolerance: Tolerance) -> Pair<I> {
    let differs = |one: i64, other: i64, by: i64| one.abs_diff(other) > by.unsigned_abs();
    let duration_differs = differs(call.duration_ms, row.duration_ms, tolerance.duration_ms);
    let both = call.cost_micros.zip(row.price_micros);
    let price_differs = both.is_some_and(|(cost, price)| differs(cost, price, tolerance.price_micros));
    Pair { call, row, duration_differs, price_differs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call(id: u32, to: &str, at_ms: i64, duration_ms: i64, cost: Option<i64>) -> OurCall<u32> {
        OurCall { id, to: to.to_owned(), at_ms, duration_ms, cost_micros: cost }
    }

    fn row(line: u64, to: &str, at_ms: i64, duration_ms: i64, price: Option<i64>) -> BillRow {
        BillRow { line, to: to.to_owned(), at_ms, duration_ms, price_micros: price }
    }

    #[test]
    fn rows_find_their_calls_and_what_differs_is_said() {
        let calls = vec![
            call(1, "46701740605", 0, 60_000, Some(5_000)),
            call(2, "46701740605", 30_000, 10_000, Some(900)),
            call(3, "4684650040", 0, 5_000, None),
            call(4, "46701740699", 0, 5_000, Some(400)),
        ];
        let rows = vec![
            row(2, "46701740605", 31_000, 10_500, Some(900)),
            row(3, "46701740605", 500, 75_000, Some(6_250)),
            row(4, "4684650040", 200_000, 5_000, None),
            row(5, "4684650040", 1_000, 5_000, Some(1)),
        ];
        let done = reconcile(calls, rows, Tolerance::default());
        let pairs: Vec<_> = done
            .pairs
            .iter()
            .map(|pair| (pair.call.id, pair.row.line, pair.duration_differs, pair.price_differs))
            .collect();
        assert_eq!(pairs, [(1, 3, true, true), (3, 5, false, false), (2, 2, false, false)]);
        assert_eq!(done.missing.iter().map(|call| call.id).collect::<Vec<_>>(), [4]);
        assert_eq!(done.extra.iter().map(|row| row.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn of_two_calls_at_the_same_time_the_one_that_lasted_as_long_is_meant() {
        let calls = vec![call(1, "1", 0, 5_000, None), call(2, "1", 100, 90_000, None)];
        let done = reconcile(calls, vec![row(1, "1", 0, 90_000, None)], Tolerance::default());
        assert_eq!(done.pairs[0].call.id, 2);
    }

    proptest! {
        #[test]
        fn every_call_and_every_row_comes_out_once(
            calls in proptest::collection::vec((0_u8..4, 0_i64..1_000_000, 0_i64..100_000), 0..60),
            rows in proptest::collection::vec((0_u8..4, 0_i64..1_000_000, 0_i64..100_000), 0..60),
        ) {
            let (ours, theirs) = (calls.len(), rows.len());
            let calls = (0..).zip(calls).map(|(id, (to, at, lasted))| call(id, &to.to_string(), at, lasted, None)).collect();
            let rows = (0..).zip(rows).map(|(line, (to, at, lasted))| row(line, &to.to_string(), at, lasted, None)).collect();
            let done = reconcile(calls, rows, Tolerance::default());
            prop_assert_eq!(done.pairs.len() + done.missing.len(), ours);
            prop_assert_eq!(done.pairs.len() + done.extra.len(), theirs);
            let ids: BTreeSet<u32> = done.pairs.iter().map(|pair| pair.call.id).collect();
            prop_assert_eq!(ids.len(), done.pairs.len());
            prop_assert!(done.pairs.iter().all(|pair| pair.call.to == pair.row.to));
        }
    }
}
