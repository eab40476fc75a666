//! How often the threads of the edge look: at once while little comes, once a millisecond while much does.
//!
//! Waking two threads for each message costs more than the message. A busy thread lets messages gather for a moment, as the
//! media workers do, so that one system call and one wake serve many: the thread of the sockets for what is read, a shard for
//! what the sockets and the business hand it.

use std::time::{Duration, Instant};

/// Over this time messages are counted.
const WINDOW: Duration = Duration::from_millis(10);
/// From so many messages in a window on, the thread is busy: 4,000 a second.
const BUSY: u32 = 40;
/// How long a busy thread lets messages gather.
const TICK: Duration = Duration::from_millis(1);

/// The count of messages, and what follows from it.
#[derive(Debug)]
pub(crate) struct Tick {
    began: Instant,
    messages: u32,
    is_busy: bool,
}

impl Tick {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { began: now, messages: 0, is_busy: false }
    }

    /// After a turn that began at `now` and took so many messages: how long the thread may rest.
    pub(crate) fn rest(&mut self, now: Instant, messages: u32) -> Option<Duration> {
        self.messages = self.messages.saturating_add(messages);
        let passed = now.saturating_duration_since(self.began);
        if passed >= WINDOW {
            // A turn that slept for long was not busy, however much woke it.
            self.is_busy = self.messages >= BUSY && passed < 2 * WINDOW;
            (self.began, self.messages) = (now, 0);
        }
        self.is_busy.then_some(TICK)
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
        assert_eq!(tick.rest(at(10), 0), Some(TICK), "60 messages in 10 ms");
        assert_eq!(tick.rest(at(15), 39), Some(TICK));
        assert_eq!(tick.rest(at(20), 0), None, "39 messages in 10 ms");
        assert_eq!(tick.rest(at(500), 100), None, "nothing for long, then a burst");
    }
}
