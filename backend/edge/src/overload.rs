//! Overload: new calls are refused before they cost anything, while the calls that are up go on unharmed.
//!
//! Each shard says how long a message that arrives now will wait for it: the messages before it, times what one takes.
//! Above [`SHED_FROM`] new calls for that shard get 503 with Retry-After from the socket thread, statelessly, until the
//! wait is below [`SHED_UNTIL`] again; so they do while the business cannot keep up with what it has to write. What
//! belongs to a call is never refused: it would only come again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// From this wait on, new calls are refused. An INVITE is sent again after half a second.
pub(crate) const SHED_FROM: Duration = Duration::from_millis(200);
/// Below this wait they are taken again.
pub(crate) const SHED_UNTIL: Duration = Duration::from_millis(50);
/// The business is behind from this share of its queue on, percent.
const BEHIND_FROM: u8 = 75;
/// And no longer below this one.
const BEHIND_UNTIL: u8 = 50;
/// Weight of the newest turn in what one message takes: one in so many.
const SMOOTHING: u32 = 8;

/// How pressed the shards and the business are. Shared; each shard writes its own place.
#[derive(Debug)]
pub(crate) struct Overload {
    shards: Vec<Pressed>,
    is_behind: AtomicBool,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Pressed {
    delay_micros: AtomicU64,
    is_shedding: AtomicBool,
}

impl Overload {
    pub(crate) fn new(shards: usize) -> Self {
        Self { shards: (0..shards).map(|_| Pressed::default()).collect(), is_behind: AtomicBool::new(false) }
    }

    /// A shard says how long its messages wait.
    pub(crate) fn measured(&self, shard: u16, delay: Duration) {
        let Some(pressed) = self.shards.get(usize::from(shard)) else { return };
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        pressed.delay_micros.store(micros, Ordering::Relaxed);
        let is_shedding = pressed.is_shedding.load(Ordering::Relaxed);
        let next = if is_shedding { delay >= SHED_UNTIL } else { delay >= SHED_FROM };
        if next != is_shedding {
            pressed.is_shedding.store(next, Ordering::Relaxed);
        }
    }

    /// Whether new calls for a shard are refused; `backlog` is how full the queue of the business is, percent.
    pub(crate) fn sheds(&self, shard: usize, backlog: u8) -> bool {
        let was_behind = self.is_behind.load(Ordering::Relaxed);
        let is_behind = if was_behind { backlog >= BEHIND_UNTIL } else { backlog >= BEHIND_FROM };
        if is_behind != was_behind {
            self.is_behind.store(is_behind, Ordering::Relaxed);
        }
        is_behind || self.shards.get(shard).is_some_and(|pressed| pressed.is_shedding.load(Ordering::Relaxed))
    }

    /// Of each shard, how long its messages wait, and whether its new calls are refused.
    pub(crate) fn delays(&self) -> Vec<(Duration, bool)> {
        let is_behind = self.is_behind.load(Ordering::Relaxed);
        self.shards
            .iter()
            .map(|pressed| {
                let delay = Duration::from_micros(pressed.delay_micros.load(Ordering::Relaxed));
                (delay, is_behind || pressed.is_shedding.load(Ordering::Relaxed))
            })
            .collect()
    }
}

/// What one message takes, smoothed over turns.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    each: Duration,
}

impl Pace {
    /// A turn of so many messages took so long.
    pub(crate) fn worked(&mut self, messages: u32, took: Duration) {
        if messages > 0 {
            let each = took / messages;
            self.each =
                if self.each.is_zero() { each } else { (self.each * (SMOOTHING - 1) + each) / SMOOTHING };
        }
    }

    /// How long a message waits behind so many.
    pub(crate) fn delay(&self, waiting: usize) -> Duration {
        self.each.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_sheds_from_a_fifth_of_a_second_on_until_it_has_caught_up() {
        let overload = Overload::new(2);
        for (millis, is_shedding) in
            [(0, false), (199, false), (200, true), (120, true), (50, true), (49, false), (199, false)]
        {
            overload.measured(1, Duration::from_millis(millis));
            assert_eq!(overload.sheds(1, 0), is_shedding, "{millis} ms");
            assert!(!overload.sheds(0, 0), "the other shard is not pressed");
        }
        assert_eq!(overload.delays(), [(Duration::ZERO, false), (Duration::from_millis(199), false)]);
    }

    #[test]
    fn a_business_that_is_behind_sheds_everywhere_until_its_queue_is_half_empty() {
        let overload = Overload::new(1);
        for (backlog, sheds) in [(0, false), (74, false), (75, true), (60, true), (50, true), (49, false)] {
            assert_eq!(overload.sheds(0, backlog), sheds, "{backlog} %");
        }
    }

    #[test]
    fn the_wait_is_what_a_message_takes_times_those_before_it() {
        let mut pace = Pace::default();
        assert_eq!(pace.delay(1_000), Duration::ZERO);
        pace.worked(100, Duration::from_millis(10));
        assert_eq!(pace.delay(1_000), Duration::from_millis(100));
        for _ in 0..100 {
            pace.worked(10, Duration::from_millis(10));
        }
        let delay = pace.delay(1_000);
        assert!(delay > Duration::from_millis(990) && delay <= Duration::from_secs(1), "{delay:?}");
        pace.worked(0, Duration::from_secs(9));
        assert_eq!(pace.delay(1_000), delay, "a turn without messages says nothing");
    }
}
