//! When to wake: a heap of deadlines with lazy deletion.
//!
//! Its user knows which entries still hold; the others fall out when their time comes. Each arming costs
//! O(log n), nothing is searched for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// How many deadlines per thing are kept before the stale ones are dropped.
const CROWDED: usize = 8;
/// Queues this small are never looked through.
const SPARE: usize = 1024;

/// Deadlines of things named by `K`; equal deadlines come in the order in which they were set.
#[derive(Debug)]
pub(crate) struct TimerQueue<K> {
    heap: BinaryHeap<Reverse<Entry<K>>>,
    serial: u64,
}

#[derive(Debug)]
struct Entry<K> {
    at: Instant,
    serial: u64,
    key: K,
}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl<K> Eq for Entry<K> {}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Entry<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

impl<K> TimerQueue<K> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), serial: 0 }
    }

    pub(crate) fn set(&mut self, at: Instant, key: K) {
        self.serial += 1;
        self.heap.push(Reverse(Entry { at, serial: self.serial, key }));
    }

    /// The earliest deadline, which may be one that nobody waits for any more.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Whether most entries must be stale, with so many things that can wait: at most two deadlines each are live.
    pub(crate) fn is_crowded(&self, things: usize) -> bool {
        self.heap.len() > SPARE.saturating_add(things.saturating_mul(CROWDED))
    }

    /// Drops the entries that nobody waits for. Called when crowded, it costs each entry ever set little.
    pub(crate) fn retain(&mut self, mut is_live: impl FnMut(Instant, &K) -> bool) {
        self.heap.retain(|Reverse(entry)| is_live(entry.at, &entry.key));
    }

    /// Takes the earliest entry that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, K)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.key))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a virtual clock has to start somewhere")]
mod tests {
    use super::TimerQueue;
    use std::time::{Duration, Instant};

    #[test]
    fn deadlines_come_in_order_and_not_before_their_time() {
        let start = Instant::now();
        let mut queue = TimerQueue::new();
        for (seconds, name) in [(3, "c"), (1, "a"), (2, "b"), (1, "a2")] {
            queue.set(start + Duration::from_secs(seconds), name);
        }
        assert_eq!(queue.pop(start), None);
        assert_eq!(queue.next(), Some(start + Duration::from_secs(1)));
        let due: Vec<_> =
            std::iter::from_fn(|| queue.pop(start + Duration::from_secs(2))).map(|(_, name)| name).collect();
        assert_eq!(due, ["a", "a2", "b"]);
    }

    #[test]
    fn a_crowded_queue_can_be_freed_of_what_nobody_waits_for() {
        let start = Instant::now();
        let mut queue = TimerQueue::new();
        for number in 0..2000 {
            queue.set(start + Duration::from_secs(number), number);
        }
        assert!(queue.is_crowded(1) && !queue.is_crowded(500));
        queue.retain(|_, number| *number >= 1990);
        assert!(!queue.is_crowded(1));
        assert_eq!(queue.next(), Some(start + Duration::from_secs(1990)));
    }
}
