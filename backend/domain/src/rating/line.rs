//! A priced leg: how long it is billed for, and what that costs.

use crate::money::divide_rounding_half_up;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a line of a quote or charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// What is due once, with the answer.
    Connection,
    /// What lacks to the least that a leg costs.
    Minimum,
}

impl LineKind {
    /// What has a price per minute.
    pub const LEGS: [Self; 4] = [Self::Outbound, Self::Inbound, Self::App, Self::Trunk];

    /// Its word, on the wire and in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
            Self::App => "app",
            Self::Trunk => "trunk",
            Self::Connection => "connection",
            Self::Minimum => "minimum",
        }
    }

    /// The leg of a word; `None` for any other.
    #[must_use]
    pub fn leg(word: &str) -> Option<Self> {
        Self::LEGS.into_iter().find(|kind| kind.word() == word)
    }
}

/// A price per minute that applies to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// For people: `outbound to +1`.
    pub description: Cow<'static, str>,
    /// Micro-units per minute, not negative; of a leg with steps, the price after the last of them.
    pub per_minute_micros: i64,
    /// Durations are billed in steps of so many milliseconds, rounded up; 1 is exact.
    pub increment_ms: u32,
    /// The version of the plan, and of the deck, that this price is from.
    pub rate_version: String,
    /// What is not plain about it; `None` for a price per minute and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<LineTerms>>,
}

/// What is not plain about the price of a leg.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LineTerms {
    /// Due once, with the answer, micro-units.
    #[serde(skip_serializing_if = "is_zero")]
    pub connection_micros: i64,
    /// The first increment, milliseconds; 0 is as long as the others.
    #[serde(skip_serializing_if = "is_zero")]
    pub first_ms: u32,
    /// A call that lasts at all is billed for so many milliseconds at least.
    #[serde(skip_serializing_if = "is_zero")]
    pub minimum_ms: u32,
    /// What the time costs at least where any of it costs something, micro-units.
    #[serde(skip_serializing_if = "is_zero")]
    pub minimum_micros: i64,
    /// Other prices for the first of the billed time, one after the other: free minutes, and steps of volume.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The month (UTC) of whose free minutes and volume it is counted: `2026-11`; empty for what is not counted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub month: String,
}

/// A part of the billed time with a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Billed milliseconds that it covers.
    pub ms: u64,
    /// Micro-units per minute.
    pub per_minute_micros: i64,
    /// Whether these are free minutes, which are used up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_free: bool,
}

pub(super) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Milliseconds × micro-units per minute / 60,000, rounded half up.
fn time_price(ms: u64, per_minute_micros: i64) -> i64 {
    divide_rounding_half_up(i128::from(ms) * i128::from(per_minute_micros), 60_000)
}

/// One part of what a leg costs: what it is, the milliseconds billed and the amount in micro-units.
pub(super) type Part = (LineKind, &'static str, i64, u64, i64);

impl Line {
    /// A price per minute and nothing else.
    #[must_use]
    pub const fn plain(
        kind: LineKind,
        description: Cow<'static, str>,
        per_minute_micros: i64,
        increment_ms: u32,
        rate_version: String,
    ) -> Self {
        Self { kind, description, per_minute_micros, increment_ms, rate_version, terms: None }
    }

    /// The milliseconds billed for a duration: the minimum at least, the first increment and then whole further ones.
    /// What lasted nothing is billed for nothing.
    #[must_use]
    pub fn billed_ms(&self, duration_ms: u64) -> u64 {
        let step = u64::from(self.increment_ms.max(1));
        let Some(terms) = self.terms.as_deref().filter(|_| duration_ms > 0) else {
            return duration_ms.div_ceil(step).saturating_mul(step);
        };
        let duration_ms = duration_ms.max(u64::from(terms.minimum_ms));
        let first = if terms.first_ms == 0 { step } else { u64::from(terms.first_ms) };
        let further = duration_ms.saturating_sub(first);
        first.saturating_add(further.div_ceil(step).saturating_mul(step))
    }

    /// The charge for a duration in micro-units: of each part, billed milliseconds × micro-units per minute / 60,000,
    /// rounded half up; with what is due once.
    #[must_use]
    pub fn price(&self, duration_ms: u64) -> i64 {
        match &self.terms {
            None => time_price(self.billed_ms(duration_ms), self.per_minute_micros),
            Some(_) => {
                let mut sum = 0_i64;
                self.parts(duration_ms, |(_, _, _, _, micros)| sum = sum.saturating_add(micros));
                sum
            }
        }
    }

    /// The price for a duration in parts, as many for every duration: what they are for is known before the call.
    pub(super) fn parts(&self, duration_ms: u64, mut tell: impl FnMut(Part)) {
        let billed_ms = self.billed_ms(duration_ms);
        let Some(terms) = self.terms.as_deref() else {
            let micros = time_price(billed_ms, self.per_minute_micros);
            return tell((self.kind, "", self.per_minute_micros, billed_ms, micros));
        };
        if terms.connection_micros > 0 {
            tell((LineKind::Connection, "connection fee: ", 0, 0, terms.connection_micros));
        }
        let (mut left_ms, mut time, mut is_paid) = (billed_ms, 0_i64, false);
        for step in &terms.steps {
            let ms = left_ms.min(step.ms);
            let micros = time_price(ms, step.per_minute_micros);
            left_ms -= ms;
            time = time.saturating_add(micros);
            is_paid |= ms > 0 && step.per_minute_micros > 0;
            let what = if step.is_free { "free minutes: " } else { "volume price: " };
            tell((self.kind, what, step.per_minute_micros, ms, micros));
        }
        let micros = time_price(left_ms, self.per_minute_micros);
        time = time.saturating_add(micros);
        is_paid |= left_ms > 0 && self.per_minute_micros > 0;
        tell((self.kind, "", self.per_minute_micros, left_ms, micros));
        if terms.minimum_micros > 0 {
            let lacks = if is_paid { terms.minimum_micros.saturating_sub(time).max(0) } else { 0 };
            tell((LineKind::Minimum, "minimum charge: ", 0, 0, lacks));
        }
    }

    /// The line of a part, by which it is charged.
    pub(super) fn of_part(&self, (kind, what, per_minute_micros, ..): Part) -> Self {
        let description = if what.is_empty() {
            self.description.clone()
        } else {
            format!("{what}{}", self.description).into()
        };
        Self {
            kind,
            description,
            per_minute_micros,
            increment_ms: self.increment_ms,
            rate_version: self.rate_version.clone(),
            terms: None,
        }
    }

    /// How much of the month's free minutes and volume a call takes: the month, the billed milliseconds, and those of
    /// them that are free. `None` for what is not counted.
    #[must_use]
    pub fn counted(&self, duration_ms: u64) -> Option<(&str, u64, u64)> {
        let terms = self.terms.as_deref().filter(|terms| !terms.month.is_empty())?;
        let billed_ms = self.billed_ms(duration_ms);
        Some((&terms.month, billed_ms, billed_ms.min(terms.free_ms())))
    }
}

impl LineTerms {
    /// Free milliseconds that the call may use.
    #[must_use]
    pub fn free_ms(&self) -> u64 {
        self.steps.iter().take_while(|step| step.is_free).map(|step| step.ms).sum()
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}
