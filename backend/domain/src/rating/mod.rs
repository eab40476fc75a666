//! What a call costs: one function that the quote, the hold and the charge share.
//!
//! A [`Quote`] says everything that its charge is made from: prices, increments, what is due once, and how much of the
//! month's free minutes and volume was gone before the call. So the charge of a duration is computed from the quote alone,
//! at any time, and is the same.

mod inherit;
mod line;
mod plan;
mod terms;
#[cfg(test)]
mod tests;
mod volume;

pub use inherit::{Base, Overrides, resolve};
pub use line::{Line, LineKind, LineTerms, Step};
pub use plan::{
    DEFAULT_HOLD_SECONDS, DeckUse, NumberPrice, PRICE_MAX_MICROS, PricePlan, Rate, Tax, sandbox_plan,
};
pub use terms::{KindTerms, PERCENT_MAX, PERIODS_MAX, Period, RateTerms, Tier, VolumePrice};
pub use volume::{UsedVolume, month_of};

use crate::money::{Currency, Money};
use serde::{Deserialize, Serialize};

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

    /// The charge lines of a duration: as many, of the same kinds, for every duration. Those that say nothing are left out
    /// by [`told`].
    #[must_use]
    pub fn charges(&self, duration_ms: u64) -> Vec<Charge> {
        let mut charges = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            line.parts(duration_ms, |part| {
                let (.., billed_ms, micros) = part;
                let amount = Money::new(micros, self.currency);
                charges.push(Charge { line: line.of_part(part), billed_ms, amount });
            });
        }
        charges
    }

    /// The lines by which each of the charges is made, in their order.
    #[must_use]
    pub fn charged_lines(&self) -> Vec<Line> {
        self.charges(0).into_iter().map(|charge| charge.line).collect()
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

/// A line of a finished call's charge. Its amount is billed milliseconds × micro-units per minute / 60,000, rounded half up,
/// but for what is due once.
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

/// The charges without those that say nothing, such as free minutes of which none were left; all of them where none says
/// anything.
#[must_use]
pub fn told(mut charges: Vec<Charge>) -> Vec<Charge> {
    let says = |charge: &Charge| charge.billed_ms > 0 || charge.amount.micros != 0;
    if charges.iter().any(says) {
        charges.retain(says);
    }
    charges
}
