//! Sums over the last hour and the last day.

use super::Span;

/// Sums in slots that follow one another; the oldest is given up when a new one begins.
///
/// It has one slot more than its span is long, so that what was spent just within the span always counts: a sum covers the
/// span and up to one slot more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ring<const SLOTS: usize, const SECONDS: i64> {
    slots: [i64; SLOTS],
    newest: i64,
}

impl<const SLOTS: usize, const SECONDS: i64> Ring<SLOTS, SECONDS> {
    const EMPTY: Self = Self { slots: [0; SLOTS], newest: i64::MIN };

    fn place(slot: i64) -> usize {
        usize::try_from(slot.rem_euclid(SLOTS as i64)).unwrap_or_default()
    }

    /// Goes on to a slot, and empties those that it comes past.
    fn turn(&mut self, slot: i64) {
        let passed = slot.saturating_sub(self.newest).clamp(0, SLOTS as i64);
        for ahead in 0..passed {
            self.slots[Self::place(slot - ahead)] = 0;
        }
        self.newest = self.newest.max(slot);
    }

    fn add(&mut self, at: i64, micros: i64) {
        let slot = at.div_euclid(SECONDS);
        self.turn(slot);
        if self.newest.saturating_sub(slot) < SLOTS as i64 {
            let sum = &mut self.slots[Self::place(slot)];
            *sum = sum.saturating_add(micros);
        }
    }

    fn sum(&mut self, at: i64) -> i64 {
        self.turn(at.div_euclid(SECONDS));
        self.slots.iter().fold(0_i64, |sum, slot| sum.saturating_add(*slot)).max(0)
    }
}

/// What was spent, in both windows. Times are seconds since 1970; one that is older than a window is passed over by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    hour: Ring<13, 300>,
    day: Ring<25, 3_600>,
}

impl Sums {
    /// Nothing spent.
    pub const NONE: Self = Self { hour: Ring::EMPTY, day: Ring::EMPTY };

    /// Counts what is spent at a time, micro-units; negative for what is given back.
    pub fn add(&mut self, at: i64, micros: i64) {
        self.hour.add(at, micros);
        self.day.add(at, micros);
    }

    /// What was spent up to a time, micro-units.
    pub fn read(&mut self, at: i64, span: Span) -> i64 {
        match span {
            Span::Hour => self.hour.sum(at),
            Span::Day => self.day.sum(at),
        }
    }

    /// Whether nothing is lost when it is forgotten.
    pub fn is_idle(&mut self, at: i64) -> bool {
        self.day.sum(at) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_counts_for_its_span_and_no_longer_than_a_slot_more() {
        let start = 1_700_000_000_i64;
        let mut sums = Sums::NONE;
        sums.add(start, 7);
        for (after, hour, day) in
            [(0, 7, 7), (3_600, 7, 7), (3_600 + 300, 0, 7), (86_400, 0, 7), (86_400 + 3_600, 0, 0)]
        {
            let at = start + after;
            assert_eq!((sums.read(at, Span::Hour), sums.read(at, Span::Day)), (hour, day), "after {after} s");
        }
        assert!(sums.is_idle(start + 90_001));
    }

    #[test]
    fn what_comes_late_is_put_where_it_belongs() {
        let mut sums = Sums::NONE;
        sums.add(10_000_000, 5);
        sums.add(10_000_000 - 1_800, 3);
        sums.add(10_000_000 - 7_200, 2);
        sums.add(10_000_000 - 200_000, 100);
        assert_eq!(sums.read(10_000_000, Span::Hour), 8);
        assert_eq!(sums.read(10_000_000, Span::Day), 10);
        sums.add(10_000_000, -50);
        assert_eq!(
            sums.read(10_000_000, Span::Hour),
            0,
            "what is given back never makes it less than nothing"
        );
    }

    proptest::proptest! {
        /// A sum is never less than what was spent within its span, and never more than within its span and a slot.
        #[test]
        fn a_sum_lies_between_its_span_and_a_slot_more(
            spent in proptest::collection::vec((0_i64..100_000, 0_i64..1_000), 0..60),
        ) {
            let mut spent = spent;
            spent.sort_unstable();
            let mut sums = Sums::NONE;
            for (at, micros) in &spent {
                sums.add(*at, *micros);
            }
            let now = spent.last().map_or(0, |(at, _)| *at);
            let within = |seconds: i64| -> i64 {
                spent.iter().filter(|(at, _)| now - at < seconds).map(|(_, micros)| micros).sum()
            };
            for (span, seconds, slot) in [(Span::Hour, 3_600, 300), (Span::Day, 86_400, 3_600)] {
                let sum = sums.read(now, span);
                proptest::prop_assert!(within(seconds) <= sum && sum <= within(seconds + slot));
            }
        }
    }
}
