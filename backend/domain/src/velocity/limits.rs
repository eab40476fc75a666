//! How much may be spent how fast.

use crate::config::Fault;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// For how long a stop holds where nobody said, minutes.
pub const RELEASE_MINUTES: u32 = 60;
/// The longest time after which a stop ends by itself, minutes: 30 days.
pub const RELEASE_MINUTES_MAX: u32 = 30 * 24 * 60;

/// What may be spent in each window, micro-units; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Pace {
    /// In an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour_micros: Option<i64>,
    /// In a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day_micros: Option<i64>,
}

impl Pace {
    /// Whether it limits anything.
    #[must_use]
    pub const fn is_set(self) -> bool {
        self.per_hour_micros.is_some() || self.per_day_micros.is_some()
    }

    const fn narrow(self, bound: Self) -> Self {
        Self {
            per_hour_micros: least(self.per_hour_micros, bound.per_hour_micros),
            per_day_micros: least(self.per_day_micros, bound.per_day_micros),
        }
    }

    const fn or(self, other: Self) -> Self {
        Self {
            per_hour_micros: or(self.per_hour_micros, other.per_hour_micros),
            per_day_micros: or(self.per_day_micros, other.per_day_micros),
        }
    }
}

/// The smaller of two limits.
#[must_use]
pub(crate) const fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one < other { one } else { other }),
        _ => or(one, other),
    }
}

const fn or(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match one {
        Some(_) => one,
        None => other,
    }
}

/// How fast a tenant may spend, and what becomes of it where it spends faster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// All of it.
    #[serde(skip_serializing_if = "is_unset")]
    pub tenant: Pace,
    /// Each destination.
    #[serde(skip_serializing_if = "is_unset")]
    pub destination: Pace,
    /// Each caller id.
    #[serde(skip_serializing_if = "is_unset")]
    pub caller: Pace,
    /// Whether a stop ends the calls that are up, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ends_calls: bool,
    /// After how long a stop ends by itself, minutes; 0 is never. `None` is [`RELEASE_MINUTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_minutes: Option<u32>,
}

const fn is_unset(pace: &Pace) -> bool {
    !pace.is_set()
}

impl Limits {
    /// Whether anything is limited: what is not, is not counted either.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.tenant.is_set() || self.destination.is_set() || self.caller.is_set()
    }

    /// These, and no looser than a bound: the smaller amounts, the longer stop, and calls are ended where either says so.
    #[must_use]
    pub fn narrow(&self, bound: &Self) -> Self {
        let longer = |one: u32, other: u32| if one == 0 || other == 0 { 0 } else { one.max(other) };
        Self {
            tenant: self.tenant.narrow(bound.tenant),
            destination: self.destination.narrow(bound.destination),
            caller: self.caller.narrow(bound.caller),
            ends_calls: self.ends_calls || bound.ends_calls,
            release_minutes: match (self.release_minutes, bound.release_minutes) {
                (Some(one), Some(other)) => Some(longer(one, other)),
                (one, other) => one.or(other),
            },
        }
    }

    /// These, and where they say nothing, others.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        Self {
            tenant: self.tenant.or(others.tenant),
            destination: self.destination.or(others.destination),
            caller: self.caller.or(others.caller),
            ends_calls: self.ends_calls || others.ends_calls,
            release_minutes: self.release_minutes.or(others.release_minutes),
        }
    }

    /// Until when a stop holds that begins now; `None` is until somebody lifts it.
    #[must_use]
    pub fn release(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let minutes = self.release_minutes.unwrap_or(RELEASE_MINUTES);
        (minutes > 0).then(|| from + TimeDelta::minutes(minutes.into()))
    }

    /// Whether everything is in its bounds.
    ///
    /// # Errors
    /// [`Fault`] names the field below `velocity`, and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        for (field, pace) in
            [("tenant", self.tenant), ("destination", self.destination), ("caller", self.caller)]
        {
            for (window, amount) in [("perHour", pace.per_hour_micros), ("perDay", pace.per_day_micros)] {
                if amount.is_some_and(|amount| amount < 0) {
                    let field = format!("velocity.{field}.{window}");
                    return Err(Fault::new(field, "give an amount of 0 or more, or null for no limit"));
                }
            }
            if let (Some(hour), Some(day)) = (pace.per_hour_micros, pace.per_day_micros)
                && hour > day
            {
                let field = format!("velocity.{field}.perHour");
                return Err(Fault::new(field, "an hour may not cost more than a day may"));
            }
        }
        if self.release_minutes.is_some_and(|minutes| minutes > RELEASE_MINUTES_MAX) {
            let message = format!(
                "give at most {RELEASE_MINUTES_MAX} minutes, or 0 for a stop that somebody must lift"
            );
            return Err(Fault::new("velocity.releaseMinutes", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(json: serde_json::Value) -> Limits {
        serde_json::from_value(json).expect("limits")
    }

    #[test]
    fn a_tenant_may_be_tighter_than_its_bound_and_not_looser() {
        let bound = limits(serde_json::json!({ "tenant": { "perHourMicros": 10 }, "releaseMinutes": 60 }));
        let own = limits(serde_json::json!({
            "tenant": { "perHourMicros": 20, "perDayMicros": 30 },
            "caller": { "perHourMicros": 1 },
            "endsCalls": true,
            "releaseMinutes": 5,
        }));
        let held = own.narrow(&bound);
        assert_eq!((held.tenant.per_hour_micros, held.tenant.per_day_micros), (Some(10), Some(30)));
        assert_eq!((held.caller.per_hour_micros, held.ends_calls), (Some(1), true));
        assert_eq!(held.release_minutes, Some(60), "the longer stop");
        let by_hand = Limits { release_minutes: Some(0), ..own };
        assert_eq!(by_hand.narrow(&bound).release(DateTime::UNIX_EPOCH), None);
        assert_eq!(bound.release(DateTime::UNIX_EPOCH).map(|at| at.timestamp()), Some(3_600));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_field() {
        for (json, field) in [
            (serde_json::json!({ "tenant": { "perHourMicros": -1 } }), "velocity.tenant.perHour"),
            (
                serde_json::json!({ "caller": { "perHourMicros": 5, "perDayMicros": 4 } }),
                "velocity.caller.perHour",
            ),
            (serde_json::json!({ "releaseMinutes": 1_000_000 }), "velocity.releaseMinutes"),
        ] {
            assert_eq!(limits(json).check().map_err(|fault| fault.field), Err(field.to_owned()));
        }
    }
}
