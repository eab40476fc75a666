//! What each shard is at, for those who watch it: written by its thread alone, once a turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A reading of one shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShardReading {
    /// Its calls.
    pub calls: u64,
    /// Messages that wait for it.
    pub queue: u64,
    /// How long what it does keeps a message waiting: the longest turn of its loop of late, which decays.
    pub lag: Duration,
    /// Bytes of its traces.
    pub trace_bytes: u64,
    /// Messages taken in since the start.
    pub messages_in: u64,
    /// Messages sent since the start.
    pub messages_out: u64,
}

/// The gauges of one shard.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Gauges {
    calls: AtomicU64,
    queue: AtomicU64,
    lag_us: AtomicU64,
    trace_bytes: AtomicU64,
    messages_in: AtomicU64,
}

impl Gauges {
    /// After a turn: so many calls, messages that wait, bytes of traces, messages taken, and how long it lasted.
    pub(crate) fn turn(
        &self,
        calls: usize,
        queue: usize,
        trace_bytes: usize,
        taken: usize,
        lasted: Duration,
    ) {
        let micros = u64::try_from(lasted.as_micros()).unwrap_or(u64::MAX);
        let before = self.lag_us.load(Ordering::Relaxed);
        self.lag_us.store(micros.max(before - before.div_ceil(64)), Ordering::Relaxed);
        self.calls.store(calls as u64, Ordering::Relaxed);
        self.queue.store(queue as u64, Ordering::Relaxed);
        self.trace_bytes.store(trace_bytes as u64, Ordering::Relaxed);
        self.messages_in.fetch_add(taken as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, messages_out: u64) -> ShardReading {
        let load = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        ShardReading {
            calls: load(&self.calls),
            queue: load(&self.queue),
            lag: Duration::from_micros(load(&self.lag_us)),
            trace_bytes: load(&self.trace_bytes),
            messages_in: load(&self.messages_in),
            messages_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_turn_is_said_and_forgotten_by_and_by() {
        let gauges = Gauges::default();
        gauges.turn(1, 2, 3, 4, Duration::from_millis(50));
        gauges.turn(1, 2, 3, 4, Duration::from_micros(10));
        let reading = gauges.read(9);
        assert!(reading.lag > Duration::from_millis(45) && reading.lag < Duration::from_millis(50));
        assert_eq!((reading.calls, reading.queue, reading.trace_bytes), (1, 2, 3));
        assert_eq!((reading.messages_in, reading.messages_out), (8, 9));
        for _ in 0..2_000 {
            gauges.turn(0, 0, 0, 0, Duration::ZERO);
        }
        assert_eq!(gauges.read(0).lag, Duration::ZERO);
    }
}
