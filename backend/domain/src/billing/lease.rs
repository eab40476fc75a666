//! What the next stretch of a number's lease costs, and until when it goes.

use super::Zone;
use crate::money::divide_rounding_half_up;
use chrono::{DateTime, Datelike, Months, Utc};

/// A stretch of a lease that is paid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerm {
    /// Until when it goes.
    pub until: DateTime<Utc>,
    /// What it costs, micro-units.
    pub micros: i64,
}

/// The stretch that begins at `from`, of a lease that was bought at `purchased`.
///
/// With `prorate` it goes to the end of the calendar month (UTC) and costs its part of the month by the day, the first
/// day whole, rounded half up to a micro-unit. Without, it is a month from the day of purchase to the same day of the next
/// one, or to its last; one that does not begin on such a day, since the plan said otherwise before, is a month too.
#[must_use]
pub fn lease_term(
    purchased: DateTime<Utc>,
    from: DateTime<Utc>,
    monthly_micros: i64,
    prorate: bool,
) -> LeaseTerm {
    if prorate {
        let utc = Zone::default();
        let until = utc.month_end(from);
        let days = (until - utc.month_start(from)).num_days();
        let left = days - i64::from(from.day0());
        let micros = divide_rounding_half_up(i128::from(monthly_micros) * i128::from(left), i128::from(days));
        return LeaseTerm { until, micros };
    }
    let mut days = (0..).map_while(|n| purchased.checked_add_months(Months::new(n)));
    let until = match days.find(|day| *day >= from) {
        Some(day) if day == from => days.next(),
        _ => from.checked_add_months(Months::new(1)),
    };
    LeaseTerm { until: until.unwrap_or(DateTime::<Utc>::MAX_UTC), micros: monthly_micros }
}

/// What of a stretch that was paid by the day is given back where its number goes on the day of `at`, and until when it
/// goes then: the day itself was used whole. `None` where nothing is left of it, or it does not end with a calendar month
/// (UTC), since it was sold as a whole.
#[must_use]
pub fn lease_rest(paid_until: DateTime<Utc>, at: DateTime<Utc>, monthly_micros: i64) -> Option<LeaseTerm> {
    let utc = Zone::default();
    let until = utc.month_end(at);
    let tomorrow = at.date_naive().succ_opt()?.and_time(chrono::NaiveTime::MIN).and_utc();
    if paid_until != until || tomorrow >= paid_until {
        return None;
    }
    let days = (until - utc.month_start(at)).num_days();
    let left = (paid_until - tomorrow).num_days();
    // Rounded down: what was paid by the day was rounded half up, and nobody gets back more than was paid.
    let micros = i64::try_from(i128::from(monthly_micros) * i128::from(left) / i128::from(days)).ok()?;
    Some(LeaseTerm { until: tomorrow, micros })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_first_month_is_charged_by_the_day_and_then_months_are_whole() {
        let bought = at("2026-11-23T09:30:00Z");
        // 8 of November's 30 days are left, the 23rd among them: 8/30 of 1.00.
        let first = lease_term(bought, bought, 1_000_000, true);
        assert_eq!(first, LeaseTerm { until: at("2026-12-01T00:00:00Z"), micros: 266_667 });
        let second = lease_term(bought, first.until, 1_000_000, true);
        assert_eq!(second, LeaseTerm { until: at("2027-01-01T00:00:00Z"), micros: 1_000_000 });
        // The last day of a leap February.
        let bought = at("2028-02-29T23:59:59Z");
        assert_eq!(lease_term(bought, bought, 2_900_000, true).micros, 100_000);
    }

    #[test]
    fn without_it_a_month_goes_from_day_to_day() {
        let bought = at("2027-01-31T09:30:00Z");
        let mut from = bought;
        let mut ends = Vec::new();
        for _ in 0..3 {
            let term = lease_term(bought, from, 1_000_000, false);
            assert_eq!(term.micros, 1_000_000);
            from = term.until;
            ends.push(from.format("%m-%d").to_string());
        }
        assert_eq!(ends, ["02-28", "03-31", "04-30"]);
    }

    #[test]
    fn a_last_month_is_charged_by_the_day_and_its_day_is_used_whole() {
        // Paid until the end of November, given back on the 23rd: 7 of 30 days are left.
        let rest = lease_rest(at("2026-12-01T00:00:00Z"), at("2026-11-23T18:00:00Z"), 3_000_000);
        assert_eq!(rest, Some(LeaseTerm { until: at("2026-11-24T00:00:00Z"), micros: 700_000 }));
        // Bought and given back on one day: the first stretch less the rest is one day.
        let bought = at("2026-11-10T08:00:00Z");
        let first = lease_term(bought, bought, 3_000_000, true);
        let rest = lease_rest(first.until, bought, 3_000_000).unwrap();
        assert_eq!((first.micros, rest.micros), (2_100_000, 2_000_000));
        // On the last day there is nothing to give back, and a month from day to day was sold as a whole.
        assert_eq!(lease_rest(at("2026-12-01T00:00:00Z"), at("2026-11-30T00:00:00Z"), 3_000_000), None);
        assert_eq!(lease_rest(at("2026-12-10T08:00:00Z"), bought, 3_000_000), None);
    }

    #[test]
    fn no_day_is_charged_twice_when_the_plan_changes_its_mind() {
        let bought = at("2026-11-15T12:00:00Z");
        // By the day until the first, then by the month from there.
        let first = lease_term(bought, bought, 3_000_000, true);
        assert_eq!((first.until, first.micros), (at("2026-12-01T00:00:00Z"), 1_600_000));
        let second = lease_term(bought, first.until, 3_000_000, false);
        assert_eq!((second.until, second.micros), (at("2027-01-01T00:00:00Z"), 3_000_000));
        // And the other way: from the 15th to the end of the month by the day.
        let month = lease_term(bought, bought, 3_000_000, false);
        let stub = lease_term(bought, month.until, 3_000_000, true);
        assert_eq!((stub.until, stub.micros), (at("2027-01-01T00:00:00Z"), 1_645_161));
    }
}
