//! Our registration with a carrier's or PBX's registrar (RFC 3261 §10.2): when to ask, and what its answers mean.
//!
//! [`Registration`] is the whole machine; the time and a draw between 0 and 1 are its arguments. A binding is renewed at
//! about half of what was granted; a failure is tried again after a pause that doubles up to [`PAUSE_MAX`].

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What is asked for where nothing else is set, in seconds.
pub const EXPIRES_DEFAULT: u32 = 600;
/// The shortest that may be asked for, in seconds.
pub const EXPIRES_MIN: u32 = 30;
/// The longest that may be asked for, in seconds.
pub const EXPIRES_MAX: u32 = 86_400;
/// Pause after the first failure; doubled after each further one.
pub const PAUSE_FIRST: TimeDelta = TimeDelta::seconds(5);
/// The longest pause after a failure.
pub const PAUSE_MAX: TimeDelta = TimeDelta::seconds(600);
/// The longest Retry-After that is obeyed, in seconds.
const RETRY_AFTER_MAX: u32 = 3_600;
/// By how much a pause is shortened at most, so that many peers do not ask together: a fifth.
const JITTER: f64 = 0.2;

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RegistrationState {
    /// It was not tried yet.
    Waiting,
    /// A REGISTER is on its way for the first time, or after a failure.
    Registering,
    /// Calls to our contact arrive.
    Registered,
    /// The registrar refused, or did not answer; it is tried again.
    Failed,
}

/// What the registrar said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 2xx, with the seconds that it granted.
    Granted(u32),
    /// 423: it wants so many seconds at least.
    TooBrief(u32),
    /// Any other final status, with the seconds of Retry-After.
    Refused(u16, Option<u32>),
    /// Nothing came back, or nothing could be sent.
    Silence,
}

/// Our registration with one registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    state: RegistrationState,
    /// What is asked for, in seconds; a 423 raises it.
    expires: u32,
    failures: u32,
    until: Option<DateTime<Utc>>,
    next: DateTime<Utc>,
    is_asking: bool,
    last: Option<(DateTime<Utc>, Answer)>,
}

impl Registration {
    /// To be tried at `first`, asking for so many seconds.
    #[must_use]
    pub fn new(first: DateTime<Utc>, expires: u32) -> Self {
        Self {
            state: RegistrationState::Waiting,
            expires: expires.clamp(EXPIRES_MIN, EXPIRES_MAX),
            failures: 0,
            until: None,
            next: first,
            is_asking: false,
            last: None,
        }
    }

    /// The seconds to ask for, where a REGISTER is due now; then one is taken to be on its way until [`Self::answered`].
    pub fn due(&mut self, now: DateTime<Utc>) -> Option<u32> {
        self.lapse(now);
        if self.is_asking || now < self.next {
            return None;
        }
        self.is_asking = true;
        if self.state != RegistrationState::Registered {
            self.state = RegistrationState::Registering;
        }
        Some(self.expires)
    }

    /// Takes in an answer. `draw` is a number from 0 to 1.
    pub fn answered(&mut self, now: DateTime<Utc>, answer: Answer, draw: f64) {
        self.is_asking = false;
        self.last = Some((now, answer));
        match answer {
            Answer::Granted(seconds) => {
                let granted = TimeDelta::seconds(i64::from(seconds.clamp(1, EXPIRES_MAX)));
                self.state = RegistrationState::Registered;
                self.failures = 0;
                self.until = Some(now + granted);
                self.next = now + shortened(granted / 2, draw);
            }
            Answer::TooBrief(least) if least > self.expires && least <= EXPIRES_MAX => {
                self.expires = least;
                self.next = now;
            }
            Answer::TooBrief(_) => self.failed(now, None, draw),
            Answer::Refused(_, retry_after) => self.failed(now, retry_after, draw),
            Answer::Silence => self.failed(now, None, draw),
        }
    }

    /// A failure: the binding of before may still stand until its time is over.
    fn failed(&mut self, now: DateTime<Utc>, retry_after: Option<u32>, draw: f64) {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let pause = (PAUSE_FIRST * (1 << doublings)).min(PAUSE_MAX);
        let told = TimeDelta::seconds(i64::from(retry_after.unwrap_or(0).min(RETRY_AFTER_MAX)));
        self.next = now + told.max(shortened(pause, draw));
        self.lapse(now);
        if self.until.is_none() {
            self.state = RegistrationState::Failed;
        }
    }

    /// What was granted is over.
    fn lapse(&mut self, now: DateTime<Utc>) {
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
            if self.state == RegistrationState::Registered {
                self.state = RegistrationState::Failed;
            }
        }
    }

    /// Asks anew at once: its settings changed, or somebody pressed a button.
    pub fn again(&mut self, now: DateTime<Utc>) {
        self.failures = 0;
        self.next = now;
    }

    /// The binding was taken back: nothing is asked for until [`Self::due`] is called again.
    pub fn dropped(&mut self, now: DateTime<Utc>) {
        self.state = RegistrationState::Waiting;
        self.until = None;
        self.next = now;
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> RegistrationState {
        self.state
    }

    /// Until when calls to our contact arrive.
    #[must_use]
    pub const fn until(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    /// When the next REGISTER is due.
    #[must_use]
    pub const fn next(&self) -> DateTime<Utc> {
        self.next
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The last answer, and when it came.
    #[must_use]
    pub const fn last(&self) -> Option<(DateTime<Utc>, Answer)> {
        self.last
    }
}

/// A span less up to a fifth of it.
fn shortened(span: TimeDelta, draw: f64) -> TimeDelta {
    let keep = 1.0 - JITTER * draw.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "spans are days at most, and whole milliseconds suffice"
    )]
    #[expect(clippy::cast_precision_loss, reason = "the same")]
    let millis = (span.num_milliseconds() as f64 * keep) as i64;
    TimeDelta::milliseconds(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn asked(now: i64) -> Registration {
        let mut registration = Registration::new(at(now), 600);
        assert_eq!(registration.due(at(now)), Some(600));
        registration
    }

    #[test]
    fn a_binding_is_renewed_at_half_of_what_was_granted_or_a_little_before() {
        for (draw, next) in [(0.0, 150), (1.0, 120)] {
            let mut registration = asked(0);
            assert_eq!(registration.state(), RegistrationState::Registering);
            registration.answered(at(0), Answer::Granted(300), draw);
            assert_eq!(registration.state(), RegistrationState::Registered);
            assert_eq!((registration.until(), registration.next()), (Some(at(300)), at(next)));
            assert_eq!(registration.due(at(next - 1)), None);
            assert_eq!(registration.due(at(next)), Some(600));
            assert_eq!(registration.state(), RegistrationState::Registered);
        }
    }

    #[test]
    fn one_request_is_on_its_way_at_a_time() {
        let mut registration = asked(0);
        assert_eq!(registration.due(at(1_000)), None);
    }

    #[test]
    fn a_failure_is_tried_again_after_pauses_that_double_up_to_ten_minutes() {
        let mut registration = asked(0);
        let mut now = 0;
        let pauses: Vec<i64> = (0..10)
            .map(|_| {
                registration.answered(at(now), Answer::Silence, 0.0);
                let pause = (registration.next() - at(now)).num_seconds();
                now += pause;
                assert_eq!(registration.due(at(now)), Some(600));
                pause
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
        registration.answered(at(now), Answer::Granted(100), 0.0);
        assert_eq!(registration.failures(), 0);
    }

    #[test]
    fn a_registrar_that_wants_longer_gets_it_at_once_and_a_shorter_wish_is_a_failure() {
        let mut registration = asked(0);
        registration.answered(at(1), Answer::TooBrief(1_800), 0.0);
        assert_eq!(registration.due(at(1)), Some(1_800));
        registration.answered(at(2), Answer::TooBrief(60), 0.0);
        assert_eq!((registration.state(), registration.next()), (RegistrationState::Failed, at(7)));
        let mut greedy = asked(0);
        greedy.answered(at(0), Answer::TooBrief(EXPIRES_MAX + 1), 0.0);
        assert_eq!(greedy.state(), RegistrationState::Failed);
    }

    #[test]
    fn a_binding_stands_through_failures_until_its_time_is_over() {
        let mut registration = asked(0);
        registration.answered(at(0), Answer::Granted(300), 0.0);
        assert_eq!(registration.due(at(150)), Some(600));
        registration.answered(at(182), Answer::Silence, 0.0);
        assert_eq!(registration.state(), RegistrationState::Registered);
        assert_eq!(registration.due(at(301)), Some(600));
        assert_eq!((registration.state(), registration.until()), (RegistrationState::Registering, None));
    }

    #[test]
    fn retry_after_is_obeyed_within_an_hour() {
        for (told, pause) in [(Some(120), 120), (Some(1), 5), (Some(1_000_000), 3_600), (None, 5)] {
            let mut registration = asked(0);
            registration.answered(at(0), Answer::Refused(503, told), 0.0);
            assert_eq!(registration.next(), at(pause), "{told:?}");
        }
    }

    #[test]
    fn asking_anew_forgets_the_pause() {
        let mut registration = asked(0);
        registration.answered(at(0), Answer::Refused(403, None), 0.0);
        registration.again(at(1));
        assert_eq!(registration.due(at(1)), Some(600));
    }
}
