//! What a call costs: one function that the quote, the hold and the charge share.

mod plan;

pub use plan::{DEFAULT_HOLD_SECONDS, PricePlan, Rate, sandbox_plan};

use crate::money::{Currency, Money, divide_rounding_half_up};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a line of a quote or charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LineKind {
    /// A call to a phone number over a carrier, by the longest prefix.
    Outbound,
    /// A call to an owned number from a carrier, by the number's type.
    Inbound,
    /// The leg of an app or a SIP user.
    App,
    /// The leg of a trunk.
    Trunk,
}

/// A price per minute that applies to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// For people: `outbound to +1`.
    pub description: Cow<'static, str>,
    /// Micro-units per minute, not negative.
    pub per_minute_micros: i64,
    /// Durations are billed in steps of so many milliseconds, rounded up; 1 is exact.
    pub increment_ms: u32,
    /// The version of the plan that this price is from.
    pub rate_version: String,
}

impl Line {
    /// The milliseconds billed for a duration: rounded up to the increment.
    #[must_use]
    pub const fn billed_ms(&self, duration_ms: u64) -> u64 {
        let step = if self.increment_ms == 0 { 1 } else { self.increment_ms as u64 };
        duration_ms.div_ceil(step).saturating_mul(step)
    }

    /// The charge for a duration in micro-units: billed milliseconds × micro-units per minute / 60,000, rounded half up.
    #[must_use]
    pub fn price(&self, duration_ms: u64) -> i64 {
        divide_rounding_half_up(
            i128::from(self.billed_ms(duration_ms)) * i128::from(self.per_minute_micros),
            60_000,
        )
    }
}

/// What a call would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The currency of all lines.
    pub currency: Currency,
    /// The lines that apply together.
    pub lines: Vec<Line>,
}

impl Quote {
    /// The price of a duration over all lines. It never shrinks as the duration grows, so a hold for a minute covers
    /// every charge of up to a minute.
    #[must_use]
    pub fn price(&self, duration_ms: u64) -> Money {
        let micros = self.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.price(duration_ms)));
        Money::new(micros, self.currency)
    }

    /// The charge lines of a duration.
    #[must_use]
    pub fn charges(&self, duration_ms: u64) -> Vec<Charge> {
        let charge = |line: &Line| Charge {
            line: line.clone(),
            billed_ms: line.billed_ms(duration_ms),
            amount: Money::new(line.price(duration_ms), self.currency),
        };
        self.lines.iter().map(charge).collect()
    }

    /// The longest duration, in whole seconds, whose price is at most `available` micro-units, capped at `cap_seconds`.
    #[must_use]
    pub fn affordable_seconds(&self, available_micros: i64, cap_seconds: u64) -> u64 {
        let affordable = |seconds: &u64| self.price(seconds.saturating_mul(1000)).micros <= available_micros;
        let (mut low, mut high) = (0, cap_seconds);
        if affordable(&high) {
            return high;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if affordable(&middle) { low = middle } else { high = middle }
        }
        low
    }
}

/// A line of a finished call's charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The price that applied.
    #[serde(flatten)]
    pub line: Line,
    /// The milliseconds billed.
    pub billed_ms: u64,
    /// The amount.
    pub amount: Money,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(per_minute_micros: i64, increment_ms: u32) -> Line {
        Line {
            kind: LineKind::Outbound,
            description: "outbound".into(),
            per_minute_micros,
            increment_ms,
            rate_version: "v1".into(),
        }
    }

    #[test]
    fn hand_counted_charges_hold() {
        // 61,234 ms at 0.0130 a minute: 61,234 * 13,000 / 60,000 = 13,267.36 -> 13,267
        assert_eq!(line(13_000, 1).price(61_234), 13_267);
        // 30 s at 0.0085: 4,250 exactly
        assert_eq!(line(8_500, 1).price(30_000), 4_250);
        // 3 ms at 0.0100: 0.5 -> 1 (half up)
        assert_eq!(line(10_000, 1).price(3), 1);
        // 61 s in minutes: 120 s at 0.0130
        assert_eq!(line(13_000, 60_000).price(61_000), 26_000);
        assert_eq!(line(13_000, 1).price(0), 0);
    }

    #[test]
    fn an_affordable_duration_is_the_last_second_the_money_covers() {
        let quote = Quote { currency: Currency::USD, lines: vec![line(13_000, 1), line(4_000, 1)] };
        let seconds = quote.affordable_seconds(1_000_000, 100_000);
        assert!(
            quote.price(seconds * 1000).micros <= 1_000_000
                && quote.price((seconds + 1) * 1000).micros > 1_000_000
        );
        assert_eq!(quote.affordable_seconds(0, 100), 0);
        assert_eq!(Quote { currency: Currency::USD, lines: vec![] }.affordable_seconds(0, 100), 100);
    }

    proptest! {
        #[test]
        fn a_longer_call_never_costs_less_and_charges_sum_to_the_price(
            prices in proptest::collection::vec((0_i64..2_000_000, 1_u32..90_000), 0..4), a in 0_u64..90_000_000, b in 0_u64..90_000_000,
        ) {
            let quote = Quote { currency: Currency::USD, lines: prices.iter().map(|(p, i)| line(*p, *i)).collect() };
            let (short, long) = (a.min(b), a.max(b));
            prop_assert!(quote.price(short).micros <= quote.price(long).micros);
            prop_assert_eq!(quote.charges(a).iter().map(|c| c.amount.micros).sum::<i64>(), quote.price(a).micros);
        }
    }
}
