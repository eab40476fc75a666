//! How a worker waits: for the next packet while there are few, for the next tick while there are many.
//!
//! A wake-up costs more than moving a packet. Below about one packet a tick, waking for each is cheaper and adds no delay; above
//! it, letting packets gather for a tick divides the wake-ups among them. Without any, the worker waits for ever.

use std::time::{Duration, Instant};

/// How long packets are counted before the way of waiting is chosen anew.
const WINDOW: Duration = Duration::from_millis(20);
/// From how many packets a tick on a worker goes by ticks.
const BUSY_FROM: u32 = 2;

/// The choice, from what has been moved lately.
#[derive(Debug)]
pub(crate) struct Pace {
    tick: Duration,
    window_start: Instant,
    moved: u32,
    busy: bool,
    next_tick: Instant,
}

impl Pace {
    pub(crate) const fn new(tick: Duration, now: Instant) -> Self {
        Self { tick, window_start: now, moved: 0, busy: false, next_tick: now }
    }

    /// Takes what was moved just now.
    pub(crate) fn moved(&mut self, packets: u32, now: Instant) {
        self.moved = self.moved.saturating_add(packets);
        let passed = now.saturating_duration_since(self.window_start);
        if passed < WINDOW {
            return;
        }
        let ticks = (passed.as_micros() / self.tick.as_micros().max(1)).max(1);
        let threshold = ticks * u128::from(if self.busy { BUSY_FROM / 2 } else { BUSY_FROM });
        self.busy = !self.tick.is_zero() && u128::from(self.moved) >= threshold;
        (self.window_start, self.moved) = (now, 0);
    }

    /// Whether packets are let gather.
    pub(crate) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// How long to sleep before looking; `None` to wait for the next packet.
    pub(crate) fn sleep(&mut self, now: Instant) -> Option<Duration> {
        if !self.busy {
            return None;
        }
        self.next_tick = (self.next_tick + self.tick).max(now);
        Some((self.next_tick - now).min(self.tick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn after(packets_each_ms: u32, millis: u32, pace: &mut Pace, start: Instant) -> Instant {
        for passed in 1..=millis {
            pace.moved(packets_each_ms, start + passed * MS);
        }
        start + millis * MS
    }

    #[test]
    fn few_packets_are_waited_for_and_many_are_gathered() {
        let mut pace = Pace::new(MS, Instant::now());
        let now = after(1, 50, &mut pace, Instant::now());
        assert_eq!(pace.sleep(now), None);
        let now = after(5, 50, &mut pace, now);
        assert!(pace.sleep(now).is_some_and(|sleep| sleep <= MS));
        let now = after(1, 50, &mut pace, now);
        assert!(pace.sleep(now).is_some(), "it does not go to and fro at the border");
        let now = after(0, 50, &mut pace, now);
        assert_eq!(pace.sleep(now), None, "and falls silent with the traffic");
    }

    #[test]
    fn ticks_keep_their_beat_and_late_ones_are_not_made_up_for() {
        let start = Instant::now();
        let mut pace = Pace { busy: true, ..Pace::new(MS, start) };
        assert_eq!(pace.sleep(start), Some(MS));
        assert_eq!(pace.sleep(start + MS + MS / 4), Some(MS * 3 / 4));
        assert_eq!(pace.sleep(start + 10 * MS), Some(Duration::ZERO), "late: at once");
        assert_eq!(pace.sleep(start + 10 * MS), Some(MS));
    }
}
