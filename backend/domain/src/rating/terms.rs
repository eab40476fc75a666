//! Terms of a plan beside the price of a minute.

use super::{LineKind, LineTerms, Step};
use crate::{
    config::{WINDOWS_MAX, Window, is_open},
    money::divide_rounding_half_up,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Periods, terms and volume prices of a plan at most, each.
pub const PERIODS_MAX: usize = 32;
/// The dearest that a period or a tier makes a minute, in per cent of its price.
pub const PERCENT_MAX: u16 = 1_000;
/// Tiers of a volume price at most.
const TIERS_MAX: usize = 32;
/// The longest increment and minimum, milliseconds: an hour.
const STEP_MAX_MS: u32 = 3_600_000;
/// More minutes than a month has calls for.
const MINUTES_MAX: u32 = 1_000_000_000;

/// How one rate is billed, where it is otherwise than by the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateTerms {
    /// Due once, with the answer, micro-units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_micros: Option<i64>,
    /// The first increment, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<u32>,
    /// Each further increment, milliseconds; 1 is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u32>,
    /// A call that lasts at all is billed for so many milliseconds at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_ms: Option<u32>,
    /// What its time costs at least, micro-units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_micros: Option<i64>,
}

/// How legs of some kinds are billed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KindTerms {
    /// Which; empty is every kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<LineKind>,
    /// How.
    #[serde(flatten)]
    pub terms: RateTerms,
}

/// A time of day with other prices. The moment at which a call arrives decides for the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Period {
    /// Its name, for people: `night`.
    pub name: String,
    /// When.
    pub windows: Vec<Window>,
    /// What it changes; empty is every kind of leg.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<LineKind>,
    /// What a minute costs in it, in per cent of its price.
    pub percent: u16,
}

/// From so many minutes of a month on, a minute costs so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tier {
    /// Minutes billed in the month, free ones included.
    pub from_minutes: u32,
    /// In per cent of the price.
    pub percent: u16,
}

/// What the minutes that a tenant has used in a month do to the price of a kind of leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumePrice {
    /// Whose minutes.
    pub kind: LineKind,
    /// Free minutes of each month (UTC).
    #[serde(default)]
    pub free_minutes: u32,
    /// The most free minutes of one call: they are set aside for it while it is up, and what it does not use goes back.
    #[serde(default = "free_per_call")]
    pub free_minutes_per_call: u32,
    /// Steps, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

const fn free_per_call() -> u32 {
    60
}

/// What is wrong: the field and the remedy.
type Wrong = (String, String);

fn wrong<T>(field: impl Into<String>, message: impl Into<String>) -> Result<T, Wrong> {
    Err((field.into(), message.into()))
}

impl RateTerms {
    /// These, and where they say nothing, others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            connection_micros: self.connection_micros.or(other.connection_micros),
            first_ms: self.first_ms.or(other.first_ms),
            next_ms: self.next_ms.or(other.next_ms),
            minimum_ms: self.minimum_ms.or(other.minimum_ms),
            minimum_micros: self.minimum_micros.or(other.minimum_micros),
        }
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// As a line has them.
    pub(super) fn of_line(self) -> LineTerms {
        LineTerms {
            connection_micros: self.connection_micros.unwrap_or_default(),
            first_ms: self.first_ms.unwrap_or_default(),
            minimum_ms: self.minimum_ms.unwrap_or_default(),
            minimum_micros: self.minimum_micros.unwrap_or_default(),
            ..LineTerms::default()
        }
    }

    /// Whether the terms are in their bounds.
    ///
    /// # Errors
    /// The field and the remedy.
    pub fn check(&self) -> Result<(), Wrong> {
        for (field, micros) in
            [("connectionFee", self.connection_micros), ("minimumCharge", self.minimum_micros)]
        {
            if micros.is_some_and(|micros| !(0..=super::PRICE_MAX_MICROS).contains(&micros)) {
                return wrong(field, "give an amount of zero or more, and of a million units at most");
            }
        }
        for (field, ms, least) in [
            ("firstIncrementMs", self.first_ms, 1),
            ("incrementMs", self.next_ms, 1),
            ("minimumDurationMs", self.minimum_ms, 0),
        ] {
            if ms.is_some_and(|ms| !(least..=STEP_MAX_MS).contains(&ms)) {
                return wrong(field, format!("give {least} to {STEP_MAX_MS} milliseconds"));
            }
        }
        Ok(())
    }
}

impl KindTerms {
    pub(super) fn covers(&self, kind: LineKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

impl Period {
    /// Whether it changes the price of a leg of a call that arrives at a moment.
    #[must_use]
    pub fn covers(&self, kind: LineKind, at: DateTime<Utc>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind)) && is_open(&self.windows, at)
    }

    /// Whether it is in its bounds.
    ///
    /// # Errors
    /// The field and the remedy.
    pub fn check(&self) -> Result<(), Wrong> {
        if self.name.trim().is_empty() || self.name.chars().count() > 50 {
            return wrong("name", "name the period in 1 to 50 characters");
        }
        if self.windows.is_empty() || self.windows.len() > WINDOWS_MAX {
            return wrong("windows", format!("give 1 to {WINDOWS_MAX} windows"));
        }
        percent(self.percent)
    }
}

fn percent(percent: u16) -> Result<(), Wrong> {
    if percent > PERCENT_MAX {
        return wrong("percent", format!("give 0 to {PERCENT_MAX} per cent of the price"));
    }
    Ok(())
}

/// A price at so many per cent.
pub(super) fn share(micros: i64, percent: u16) -> i64 {
    if percent == 100 {
        return micros;
    }
    divide_rounding_half_up(i128::from(micros) * i128::from(percent), 100)
}

impl VolumePrice {
    /// The steps of a call that begins after so much of the month, and the price after the last of them.
    pub(super) fn steps(&self, price: i64, used_ms: u64, free_left_ms: u64) -> (Vec<Step>, i64) {
        let mut steps = Vec::new();
        let free = free_left_ms.min(minutes(self.free_minutes_per_call));
        if free > 0 {
            steps.push(Step { ms: free, per_minute_micros: 0, is_free: true });
        }
        let mut place = used_ms.saturating_add(free);
        let current = |at: u64| self.tiers.iter().rev().find(|tier| minutes(tier.from_minutes) <= at);
        let mut now = current(place).map_or(price, |tier| share(price, tier.percent));
        let begins = place;
        for tier in self.tiers.iter().filter(|tier| minutes(tier.from_minutes) > begins) {
            let from = minutes(tier.from_minutes);
            steps.push(Step { ms: from - place, per_minute_micros: now, is_free: false });
            (place, now) = (from, share(price, tier.percent));
        }
        (steps, now)
    }

    /// The free milliseconds of a month.
    #[must_use]
    pub fn free_ms(&self) -> u64 {
        minutes(self.free_minutes)
    }

    /// The lowest price that it makes of one, free minutes apart.
    #[must_use]
    pub fn lowest(&self, price: i64) -> i64 {
        self.tiers.iter().map(|tier| share(price, tier.percent)).fold(price, i64::min)
    }

    /// Whether it is in its bounds.
    ///
    /// # Errors
    /// The field and the remedy.
    pub fn check(&self) -> Result<(), Wrong> {
        if !LineKind::LEGS.contains(&self.kind) {
            return wrong("kind", "give outbound, inbound, app or trunk");
        }
        if self.free_minutes > MINUTES_MAX {
            return wrong("freeMinutes", format!("give {MINUTES_MAX} minutes at most"));
        }
        if self.free_minutes > 0 && self.free_minutes_per_call == 0 {
            return wrong("freeMinutesPerCall", "give at least 1, since there are free minutes");
        }
        if self.tiers.len() > TIERS_MAX {
            return wrong("tiers", format!("give {TIERS_MAX} tiers at most"));
        }
        for (place, tier) in self.tiers.iter().enumerate() {
            let field = |name: &str| format!("tiers[{place}].{name}");
            let before = place.checked_sub(1).and_then(|place| self.tiers.get(place));
            if before.is_some_and(|before| before.from_minutes >= tier.from_minutes) {
                let text = "tiers overlap: each begins at more minutes than the one before it";
                return wrong(field("fromMinutes"), text);
            }
            if tier.from_minutes > MINUTES_MAX {
                return wrong(field("fromMinutes"), format!("give {MINUTES_MAX} minutes at most"));
            }
            percent(tier.percent).map_err(|(name, text)| (field(&name), text))?;
        }
        Ok(())
    }
}

const fn minutes(count: u32) -> u64 {
    count as u64 * 60_000
}
