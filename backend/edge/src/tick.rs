//! How often the threads of the edge look: at once while little comes, once in one or two milliseconds while much does.
//!
//! Waking two threads for each message costs more than the message. A busy thread lets messages gather for a moment, as the
//! media workers do, so that one system call and one wake serve many: the thread of the sockets for what is read, a shard for
//! what the sockets and the business hand it.

use std::time::{Duration, Instant};

/// Over this time messages are counted.
const WINDOW: Duration = Duration::from_millis(10);
/// How long a thread lets messages gather, from so many in a window on: of 4,000 a second, and of 10,000. A tick costs a call the
/// same whatever it brings, so that fewer of them are what much traffic saves.
const GATHERING: [(u32, Duration); 2] = [(100, Duration::from_millis(2)), (40, Duration::from_millis(1))];

/// The count of messages, and what follows from it.
#[derive(Debug)]
pub(crate) struct Tick {
    began: Instant,
    messages: u32,
    rest: Option<Duration>,
}

impl Tick {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { began: now, messages: 0, rest: None }
    }

    /// After a turn that began at `now` and took so many messages: how long the thread may rest.
    pub(crate) fn rest(&mut self, now: Instant, messages: u32) -> Option<Duration> {
        self.messages = self.messages.saturating_add(messages);
        let passed = now.saturating_duration_since(self.began);
        if passed >= WINDOW {
            // A turn that slept for long was not busy, however much woke it.
            let level = GATHERING.iter().find(|(messages, _)| self.messages >= *messages);
            self.rest = level.filter(|_| passed < 2 * WINDOW).map(|(_, rest)| *rest);
            (self.began, self.messages) = (now, 0);
        }
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_rests_only_while_much_comes() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut tick = Tick::new(start);
        assert_eq!(tick.rest(at(1), 30), None);
        assert_eq!(tick.rest(at(9), 30), None);
        assert_eq!(tick.rest(at(10), 0), Some(Duration::from_millis(1)), "60 messages in 10 ms");
        assert_eq!(tick.rest(at(15), 39), Some(Duration::from_millis(1)));
        assert_eq!(tick.rest(at(20), 0), None, "39 messages in 10 ms");
        assert_eq!(tick.rest(at(25), 99), None);
        assert_eq!(tick.rest(at(30), 1), Some(Duration::from_millis(2)), "100 messages in 10 ms");
        assert_eq!(tick.rest(at(40), 40), Some(Duration::from_millis(1)));
        assert_eq!(tick.rest(at(500), 100), None, "nothing for long, then a burst");
    }
}
