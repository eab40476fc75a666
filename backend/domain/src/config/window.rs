//! Times of day and days of the week.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

const MINUTES_OF_DAY: u16 = 24 * 60;
/// The most windows of one route or prefix.
pub const WINDOWS_MAX: usize = 32;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// All of them, from Monday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
}

/// A time of day, on the wire `08:30`; `24:00` ends a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TimeOfDay(u16);

impl TryFrom<String> for TimeOfDay {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        clock(&text)
            .filter(|minutes| *minutes <= MINUTES_OF_DAY)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a time of day such as 08:30"))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

/// `HH:MM` in minutes.
fn clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let minutes: u16 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    Some(hours.parse::<u16>().ok()? * 60 + minutes)
}

/// How far the clock on the wall is from UTC, on the wire `UTC` or `+02:00`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Offset(i16);

impl TryFrom<String> for Offset {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not UTC or an offset from it such as +02:00 or -05:30");
        if text.eq_ignore_ascii_case("UTC") || text == "Z" {
            return Ok(Self(0));
        }
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let minutes = clock(rest).filter(|minutes| *minutes <= 14 * 60).ok_or_else(wrong)?;
        Ok(Self(sign * i16::try_from(minutes).map_err(|_| wrong())?))
    }
}

impl From<Offset> for String {
    fn from(offset: Offset) -> Self {
        if offset.0 == 0 {
            return "UTC".to_owned();
        }
        let sign = if offset.0 < 0 { '-' } else { '+' };
        let minutes = offset.0.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A span of the day on some days of the week. From 22:00 until 06:00 goes over midnight and belongs to the day on which
/// it begins; equal times are the whole day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The days; empty is every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// Its first minute.
    pub from: TimeOfDay,
    /// The minute after its last one.
    pub until: TimeOfDay,
    /// The clock by which it goes.
    #[serde(default)]
    pub zone: Offset,
}

impl Window {
    /// Whether a moment lies in it.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        let local = at + TimeDelta::minutes(i64::from(self.zone.0));
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        let today = local.weekday().num_days_from_monday() as usize;
        let on =
            |day: usize| self.days.is_empty() || Day::ALL.get(day).is_some_and(|d| self.days.contains(d));
        if self.from < self.until {
            return on(today) && (self.from.0..self.until.0).contains(&minute);
        }
        (on(today) && minute >= self.from.0) || (on((today + 6) % 7) && minute < self.until.0)
    }
}

/// Whether a moment lies in one of the windows; none at all are always open.
#[must_use]
pub fn is_open(windows: &[Window], at: DateTime<Utc>) -> bool {
    windows.is_empty() || windows.iter().any(|window| window.covers(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(json: &str) -> Window {
        serde_json::from_str(json).expect("a window")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn office_hours_go_by_the_clock_of_their_zone() {
        let office = window(
            r#"{"days":["mon","tue","wed","thu","fri"],"from":"08:00","until":"17:00","zone":"+02:00"}"#,
        );
        for (moment, expected) in [
            ("2026-03-02T06:00:00Z", true),  // Monday 08:00
            ("2026-03-02T05:59:59Z", false), // Monday 07:59
            ("2026-03-02T14:59:59Z", true),  // Monday 16:59
            ("2026-03-02T15:00:00Z", false), // Monday 17:00
            ("2026-03-07T10:00:00Z", false), // Saturday
        ] {
            assert_eq!(office.covers(at(moment)), expected, "{moment}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = window(r#"{"days":["fri"],"from":"22:00","until":"06:00"}"#);
        assert!(night.covers(at("2026-03-06T22:00:00Z"))); // Friday
        assert!(night.covers(at("2026-03-07T05:59:00Z"))); // the Saturday after
        assert!(!night.covers(at("2026-03-06T05:59:00Z"))); // Friday morning: Thursday's night
        assert!(!night.covers(at("2026-03-07T06:00:00Z")));
    }

    #[test]
    fn equal_times_are_the_whole_day_and_no_window_is_always_open() {
        let always = window(r#"{"from":"00:00","until":"00:00"}"#);
        assert!(always.covers(at("2026-03-06T23:59:00Z")) && always.covers(at("2026-03-06T00:00:00Z")));
        assert!(is_open(&[], at("2026-03-06T23:59:00Z")));
    }

    #[test]
    fn a_wrong_time_or_zone_is_refused_with_an_example() {
        for json in [r#"{"from":"8:00","until":"17:00"}"#, r#"{"from":"08:00","until":"25:00"}"#] {
            assert!(
                serde_json::from_str::<Window>(json).is_err_and(|error| error.to_string().contains("08:30"))
            );
        }
        let zone = serde_json::from_str::<Window>(r#"{"from":"08:00","until":"17:00","zone":"Mars"}"#);
        assert!(zone.is_err_and(|error| error.to_string().contains("+02:00")));
        assert_eq!(serde_json::to_string(&Offset(-330)).ok().as_deref(), Some("\"-05:30\""));
    }
}
