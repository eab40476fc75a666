//! An endpoint that does not answer is left alone for a while, so that it holds no places that others need.

use std::time::{Duration, Instant};

/// Failures one after another after which an endpoint is left alone.
pub const FAILURES_MAX: u32 = 5;
/// For how long, the first time, the second, …; the last one goes on.
pub const PAUSES_SECONDS: [u64; 5] = [15, 30, 60, 180, 600];

/// How an endpoint has done lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    /// How often it was left alone since it last answered.
    rests: usize,
    rests_until: Option<Instant>,
}

/// Whether an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// As much as fits.
    Open,
    /// One at a time: it has failed lately.
    OneAtATime,
    /// Not before a time.
    NotBefore(Instant),
}

impl Circuit {
    /// Whether it is asked at `now`.
    #[must_use]
    pub fn admits(&self, now: Instant) -> Admission {
        match self.rests_until {
            Some(until) if now < until => Admission::NotBefore(until),
            _ if self.failures > 0 => Admission::OneAtATime,
            _ => Admission::Open,
        }
    }

    /// It answered, whatever it said.
    pub const fn answered(&mut self) {
        *self = Self { failures: 0, rests: 0, rests_until: None };
    }

    /// It did not answer, or answered that it is down.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_MAX {
            return;
        }
        let seconds = PAUSES_SECONDS[self.rests.min(PAUSES_SECONDS.len() - 1)];
        self.rests = self.rests.saturating_add(1);
        self.rests_until = Some(now + Duration::from_secs(seconds));
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a moment cannot be made otherwise; the clock is moved by hand from there"
)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_fails_again_and_again_rests_longer_each_time_and_is_asked_one_at_a_time_between() {
        let (mut circuit, mut now) = (Circuit::default(), Instant::now());
        assert_eq!(circuit.admits(now), Admission::Open);
        for _ in 1..FAILURES_MAX {
            circuit.failed(now);
            assert_eq!(circuit.admits(now), Admission::OneAtATime);
        }
        for seconds in PAUSES_SECONDS.into_iter().chain([600]) {
            circuit.failed(now);
            let until = now + Duration::from_secs(seconds);
            assert_eq!(circuit.admits(now), Admission::NotBefore(until));
            now = until;
            assert_eq!(circuit.admits(now), Admission::OneAtATime);
        }
    }

    #[test]
    fn one_answer_and_all_is_well_again() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        (0..20).for_each(|_| circuit.failed(now));
        circuit.answered();
        assert_eq!(circuit, Circuit::default());
        circuit.failed(now);
        assert_eq!(circuit.admits(now), Admission::OneAtATime);
    }
}
