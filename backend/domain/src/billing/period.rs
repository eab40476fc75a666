//! When a month ends, in the zone of who pays.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A time zone in which months are counted, by its name in the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Zone(Tz);

/// A name that is no zone's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a zone is a name of the IANA database, such as UTC or Europe/Stockholm")]
pub struct BadZone;

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl Zone {
    /// When the month ends that a moment is in: the first midnight of the next one there.
    #[must_use]
    pub fn month_end(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let day = at.with_timezone(&self.0).date_naive();
        let next = first_of(day).checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        self.midnight(next)
    }

    /// When the month began that a moment is in.
    #[must_use]
    pub fn month_start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.midnight(first_of(at.with_timezone(&self.0).date_naive()))
    }

    /// The day that a moment is on there, as `2026-11-30`.
    #[must_use]
    pub fn day(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Y-%m-%d").to_string()
    }

    /// The month that a moment is in there, as `2026-11`.
    #[must_use]
    pub fn month(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Y-%m").to_string()
    }

    /// The first moment of a day: where clocks are put forward over midnight, the hour after it.
    fn midnight(self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(NaiveTime::MIN);
        let first = (0..4).find_map(|hours| {
            self.0.from_local_datetime(&(local + chrono::Duration::hours(hours))).earliest()
        });
        first.map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
    }
}

fn first_of(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(day.day0()))).unwrap_or(day)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for Zone {
    type Err = BadZone;
    fn from_str(text: &str) -> Result<Self, BadZone> {
        text.trim().parse().map(Self).map_err(|_| BadZone)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

impl TryFrom<String> for Zone {
    type Error = BadZone;
    fn try_from(text: String) -> Result<Self, BadZone> {
        text.parse()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_ends_at_midnight_of_the_zone() {
        let utc = Zone::default();
        assert_eq!(utc.month_end(at("2026-11-23T09:00:00Z")), at("2026-12-01T00:00:00Z"));
        assert_eq!(utc.month_end(at("2026-12-01T00:00:00Z")), at("2027-01-01T00:00:00Z"));
        assert_eq!(utc.month_start(at("2026-11-30T23:59:59.999999Z")), at("2026-11-01T00:00:00Z"));
        let stockholm: Zone = "Europe/Stockholm".parse().unwrap();
        assert_eq!(stockholm.month_end(at("2026-11-23T09:00:00Z")), at("2026-11-30T23:00:00Z"));
        assert_eq!(stockholm.month_end(at("2026-11-30T23:00:00Z")), at("2026-12-31T23:00:00Z"));
        assert_eq!(stockholm.month_end(at("2026-06-15T00:00:00Z")), at("2026-06-30T22:00:00Z"));
        assert_eq!(stockholm.month(at("2026-11-30T23:30:00Z")), "2026-12");
        assert_eq!(stockholm.day(at("2026-11-30T22:30:00Z")), "2026-11-30");
    }

    #[test]
    fn where_clocks_jump_over_midnight_the_month_begins_when_the_clock_is_there() {
        // Paraguay put its clocks forward at midnight of 1 October 2017: the day began at 01:00.
        let zone: Zone = "America/Asuncion".parse().unwrap();
        assert_eq!(zone.month_end(at("2017-09-15T12:00:00Z")), at("2017-10-01T04:00:00Z"));
    }

    #[test]
    fn a_zone_is_a_name_that_is_known() {
        assert_eq!("Europe/Nowhere".parse::<Zone>(), Err(BadZone));
        assert_eq!(serde_json::to_string(&Zone::default()).unwrap(), "\"UTC\"");
    }
}
