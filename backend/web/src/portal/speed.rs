//! The fields of a form that say how much may be owed at worst, and how fast may be spent.

use super::{
    amounts::{amount, amount_text},
    words,
};
use app::Error;
use domain::{
    money::{Currency, Money},
    velocity::{Limits, Pace, RELEASE_MINUTES},
};
use serde::Deserialize;

/// The fields: empty is no limit of one's own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SpeedForm {
    pub(super) exposure: String,
    pub(super) tenant_hour: String,
    pub(super) tenant_day: String,
    pub(super) destination_hour: String,
    pub(super) destination_day: String,
    pub(super) caller_hour: String,
    pub(super) caller_day: String,
    pub(super) ends_calls: String,
    pub(super) release: String,
}

impl SpeedForm {
    pub(super) fn new(exposure_micros: Option<i64>, limits: &Limits) -> Self {
        let text = |micros: Option<i64>| micros.map(amount_text).unwrap_or_default();
        Self {
            exposure: text(exposure_micros),
            tenant_hour: text(limits.tenant.per_hour_micros),
            tenant_day: text(limits.tenant.per_day_micros),
            destination_hour: text(limits.destination.per_hour_micros),
            destination_day: text(limits.destination.per_day_micros),
            caller_hour: text(limits.caller.per_hour_micros),
            caller_day: text(limits.caller.per_day_micros),
            ends_calls: if limits.ends_calls { "on".to_owned() } else { String::new() },
            release: limits.release_minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
        }
    }

    /// What may be owed at worst, micro-units.
    pub(super) fn exposure(&self) -> Result<Option<i64>, Error> {
        amount("cap of what may be owed", &self.exposure)
    }

    pub(super) fn limits(&self) -> Result<Limits, Error> {
        let pace = |what: &str, hour: &str, day: &str| {
            Ok::<_, Error>(Pace {
                per_hour_micros: amount(&format!("{what} in an hour"), hour)?,
                per_day_micros: amount(&format!("{what} in a day"), day)?,
            })
        };
        let release = self.release.trim();
        let minutes = |_| Error::invalid("release", "give whole minutes, 0 for a stop that must be lifted");
        Ok(Limits {
            tenant: pace("spending", &self.tenant_hour, &self.tenant_day)?,
            destination: pace("one destination", &self.destination_hour, &self.destination_day)?,
            caller: pace("one caller", &self.caller_hour, &self.caller_day)?,
            ends_calls: !self.ends_calls.is_empty(),
            release_minutes: if release.is_empty() { None } else { Some(release.parse().map_err(minutes)?) },
        })
    }
}

/// Limits in sentences.
pub(super) fn sentences(limits: &Limits, currency: Currency) -> Vec<String> {
    let money = |micros: i64| words::money(Money::new(micros, currency));
    let mut all = Vec::new();
    for (what, pace) in [
        ("All calls together may cost", limits.tenant),
        ("Calls to one destination may cost", limits.destination),
        ("Calls of one caller may cost", limits.caller),
    ] {
        let parts: Vec<String> = [("an hour", pace.per_hour_micros), ("a day", pace.per_day_micros)]
            .into_iter()
            .filter_map(|(span, micros)| Some(format!("{} within {span}", money(micros?))))
            .collect();
        if !parts.is_empty() {
            all.push(format!("{what} {}, then they are stopped.", parts.join(", ")));
        }
    }
    if !all.is_empty() {
        let minutes = limits.release_minutes.unwrap_or(RELEASE_MINUTES);
        let ends = if limits.ends_calls { " and ends calls that are up" } else { "" };
        all.push(match minutes {
            0 => format!("A stop{ends} holds until it is lifted."),
            minutes => format!("A stop{ends} holds for {minutes} minutes."),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_come_back_from_their_fields_as_they_were() {
        let limits = Limits {
            tenant: Pace { per_hour_micros: Some(5_000_000), per_day_micros: Some(20_000_000) },
            caller: Pace { per_hour_micros: None, per_day_micros: Some(1_500_000) },
            ends_calls: true,
            release_minutes: Some(0),
            ..Limits::default()
        };
        let form = SpeedForm::new(Some(7_000_000), &limits);
        assert_eq!(form.limits().ok(), Some(limits));
        assert_eq!(form.exposure().ok(), Some(Some(7_000_000)));
        let wrong = SpeedForm { release: "soon".into(), ..SpeedForm::default() };
        assert!(wrong.limits().is_err());
        assert_eq!(sentences(&limits, Currency::USD).len(), 3);
    }
}
