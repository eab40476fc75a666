//! When a delivery that failed is tried again.

use std::time::Duration;

/// Pauses after the first try, the second, …; the last one goes on.
pub const SCHEDULE_SECONDS: [u64; 10] = [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200];
/// Tries of one delivery at most.
pub const ATTEMPTS_MAX: u32 = 30;
/// Minutes for which a delivery is tried at most.
pub const LIFE_MINUTES_MAX: u32 = 1_440;
/// The longest pause that an endpoint may ask for itself.
pub const RETRY_AFTER_MAX_SECONDS: u64 = 3_600;
/// A pause is lengthened by up to one part in so many, so that what failed together does not come back together.
const JITTER_PARTS: u64 = 5;

/// How a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The endpoint answered with this status, and perhaps with `Retry-After`, seconds.
    Status(u16, Option<u64>),
    /// It could not be reached, or did not answer in time.
    Unreachable,
    /// Its address is one that is not asked.
    Refused,
}

/// Whether a failure stays one, however often it is tried: the endpoint understands the event and does not want it.
#[must_use]
pub const fn is_final(failure: Failure) -> bool {
    matches!(failure, Failure::Status(400 | 403 | 410 | 413, _))
}

/// The least pause after a failure, seconds: whoever is not let in, or not there, needs somebody to mend it.
const fn least(failure: Failure) -> u64 {
    match failure {
        Failure::Status(401 | 404, _) | Failure::Refused => 300,
        Failure::Status(408, _) => 120,
        Failure::Status(429 | 503, _) => 30,
        Failure::Status(..) | Failure::Unreachable => 0,
    }
}

/// The pause after the `attempts`th try, from 1 on; `dice` is any number, which spreads the pauses.
#[must_use]
pub fn pause(attempts: u32, failure: Failure, dice: u64) -> Duration {
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let planned = SCHEDULE_SECONDS[place.min(SCHEDULE_SECONDS.len() - 1)];
    let asked = match failure {
        Failure::Status(429 | 503, Some(seconds)) => seconds.min(RETRY_AFTER_MAX_SECONDS),
        _ => 0,
    };
    let millis = planned.max(least(failure)).max(asked) * 1_000;
    Duration::from_millis(millis + dice % (millis / JITTER_PARTS).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_seconds_to_half_a_day() {
        let seconds = |attempts| pause(attempts, Failure::Unreachable, 0).as_secs();
        let all: Vec<u64> = (1..=12).map(seconds).collect();
        assert_eq!(all, [10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 43_200, 43_200]);
        assert_eq!(pause(0, Failure::Unreachable, 0), pause(1, Failure::Unreachable, 0));
    }

    #[test]
    fn the_dice_lengthen_a_pause_by_a_fifth_at_most_and_never_shorten_it() {
        for attempts in 1..=10 {
            let plain = pause(attempts, Failure::Unreachable, 0);
            for dice in [1, 77, 1_999, u64::MAX] {
                let thrown = pause(attempts, Failure::Unreachable, dice);
                assert!(thrown >= plain && thrown <= plain + plain / 5, "{attempts} {dice}");
            }
        }
    }

    #[test]
    fn a_status_says_how_soon_it_is_worth_another_try() {
        for (status, after, seconds) in [
            (500, None, 10),
            (502, None, 10),
            (302, None, 10),
            (401, None, 300),
            (404, None, 300),
            (408, None, 120),
            (429, None, 30),
            (503, None, 30),
            (503, Some(90), 90),
            (429, Some(999_999), 3_600),
            (500, Some(90), 10),
        ] {
            let failure = Failure::Status(status, after);
            assert_eq!(pause(1, failure, 0).as_secs(), seconds, "{status} {after:?}");
            assert!(!is_final(failure), "{status}");
        }
        assert_eq!(pause(1, Failure::Refused, 0).as_secs(), 300);
        assert_eq!(pause(9, Failure::Status(401, None), 0).as_secs(), 21_600);
    }

    #[test]
    fn an_endpoint_that_does_not_want_an_event_is_not_asked_again() {
        for status in [400, 403, 410, 413] {
            assert!(is_final(Failure::Status(status, None)), "{status}");
        }
        assert!(!is_final(Failure::Unreachable) && !is_final(Failure::Refused));
    }
}
