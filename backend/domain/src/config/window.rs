//! Times of day and days of the week.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
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

/// The clock on somebody's wall: UTC or an offset from it, on the wire `UTC` or `+02:00`; or the clock of a place with its
/// daylight saving time, by its name in the IANA table: `Europe/Stockholm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Zone {
    /// So many minutes ahead of UTC, the whole year.
    Offset(i16),
    /// By the rules of a place.
    Named(Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self::Offset(0)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a zone such as Europe/Stockholm, UTC, or an offset from it such as +02:00"
            )
        };
        if text.eq_ignore_ascii_case("UTC") || text == "Z" {
            return Ok(Self::Offset(0));
        }
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return text.parse().map(Self::Named).map_err(|_| wrong()),
        };
        let minutes = clock(rest).filter(|minutes| *minutes <= 14 * 60).ok_or_else(wrong)?;
        Ok(Self::Offset(sign * i16::try_from(minutes).map_err(|_| wrong())?))
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        let offset = match zone {
            Zone::Named(place) => return place.name().to_owned(),
            Zone::Offset(0) => return "UTC".to_owned(),
            Zone::Offset(offset) => offset,
        };
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Zone {
    /// What the clock shows at a moment.
    fn shows(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Offset(minutes) => (at + TimeDelta::minutes(i64::from(minutes))).naive_utc(),
            Self::Named(place) => at.with_timezone(&place).naive_local(),
        }
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
    /// The clock by which it goes. An hour that it leaves out in spring is in no window; one that it shows twice in autumn
    /// is in its window twice.
    #[serde(default)]
    pub zone: Zone,
}

impl Window {
    /// Whether a moment lies in it.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        let local = self.zone.shows(at);
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
    fn office_hours_of_a_place_follow_its_daylight_saving_time_over_both_changes() {
        let office = window(r#"{"from":"08:00","until":"17:00","zone":"Europe/Stockholm"}"#);
        for (moment, expected) in [
            ("2026-03-28T06:59:59Z", false), // winter: 07:59
            ("2026-03-28T07:00:00Z", true),  // winter: 08:00
            ("2026-03-28T15:59:59Z", true),  // winter: 16:59
            ("2026-03-28T16:00:00Z", false),
            ("2026-03-29T05:59:59Z", false), // the clock went forward in the night
            ("2026-03-29T06:00:00Z", true),  // summer: 08:00
            ("2026-03-29T15:00:00Z", false), // summer: 17:00
            ("2026-10-24T06:00:00Z", true),  // summer
            ("2026-10-25T06:00:00Z", false), // the clock went back in the night
            ("2026-10-25T07:00:00Z", true),
        ] {
            assert_eq!(office.covers(at(moment)), expected, "{moment}");
        }
    }

    #[test]
    fn an_hour_that_is_left_out_is_in_no_window_and_one_that_comes_twice_is_in_it_twice() {
        let hour = window(r#"{"from":"02:00","until":"03:00","zone":"Europe/Stockholm"}"#);
        let open = |day: &str| {
            let midnight = at(&format!("{day}T00:00:00Z")) - TimeDelta::hours(3);
            (0..24 * 60).filter(|minute| hour.covers(midnight + TimeDelta::minutes(*minute))).count()
        };
        assert_eq!((open("2026-03-28"), open("2026-03-29"), open("2026-10-25")), (60, 0, 120));
        let night = window(r#"{"days":["sat"],"from":"22:00","until":"06:00","zone":"America/New_York"}"#);
        assert!(night.covers(at("2026-11-01T02:00:00Z"))); // Saturday 22:00, summer
        assert!(night.covers(at("2026-11-01T10:59:00Z"))); // Sunday 05:59, winter
        assert!(!night.covers(at("2026-11-01T11:00:00Z")));
    }

    #[test]
    fn a_zone_is_written_as_it_was_named() {
        for zone in ["Europe/Stockholm", "America/Argentina/Buenos_Aires", "UTC", "+05:30", "-03:30"] {
            let json = format!("{zone:?}");
            let read: Zone = serde_json::from_str(&json).expect("a zone");
            assert_eq!(serde_json::to_string(&read).ok(), Some(json));
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
        assert!(zone.is_err_and(|error| error.to_string().contains("Europe/Stockholm")));
        assert_eq!(serde_json::to_string(&Zone::Offset(-330)).ok().as_deref(), Some("\"-05:30\""));
    }
}
