//! Deadlines on virtual time, in one queue: nothing here knows what they are for.
//!
//! A wheel: a deadline is put into the slot of its tick and looked at again when that tick comes, so that setting and
//! dropping one costs the same whatever their number. Those beyond the wheel wait in a heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// How many deadlines per thing are kept before the stale ones are dropped.
const CROWDED: usize = 8;
/// Queues this small are never looked through.
const SPARE: usize = 1024;
/// What one slot covers, in nanoseconds.
const TICK: i64 = 8_000_000;
/// Slots of the wheel: a turn is a little longer than 64*T1.
const SLOTS: usize = 4096;

/// Deadlines of things named by `K`; equal deadlines come in the order in which they were set.
#[derive(Debug)]
pub(crate) struct TimerQueue<K> {
    /// What times are counted from: the first deadline that was set.
    base: Option<Instant>,
    /// The tick up to which the slots have been emptied.
    cursor: i64,
    /// What was in them and is not due yet, the earliest last.
    current: Vec<Entry<K>>,
    /// The ticks after the cursor, one turn; in each the order of setting. None before the first is needed.
    slots: Vec<Vec<Entry<K>>>,
    /// One bit for each slot that is not empty.
    filled: [u64; SLOTS / 64],
    /// Deadlines beyond the wheel.
    far: BinaryHeap<Reverse<Far<K>>>,
    serial: u64,
    count: usize,
    soonest: Option<i64>,
}

/// A deadline, in nanoseconds from the base.
#[derive(Debug)]
struct Entry<K> {
    at: i64,
    key: K,
}

#[derive(Debug)]
struct Far<K> {
    serial: u64,
    entry: Entry<K>,
}

impl<K> PartialEq for Far<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.entry.at, self.serial) == (other.entry.at, other.serial)
    }
}

impl<K> Eq for Far<K> {}

impl<K> PartialOrd for Far<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Far<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.entry.at, self.serial).cmp(&(other.entry.at, other.serial))
    }
}

const fn tick(at: i64) -> i64 {
    at.div_euclid(TICK)
}

const fn slot(tick: i64) -> usize {
    tick.rem_euclid(SLOTS as i64) as usize
}

impl<K> TimerQueue<K> {
    pub(crate) const fn new() -> Self {
        Self {
            base: None,
            cursor: 0,
            current: Vec::new(),
            slots: Vec::new(),
            filled: [0; SLOTS / 64],
            far: BinaryHeap::new(),
            serial: 0,
            count: 0,
            soonest: None,
        }
    }

    pub(crate) fn set(&mut self, at: Instant, key: K) {
        let at = since(*self.base.get_or_insert(at), at);
        self.count += 1;
        self.soonest = Some(self.soonest.map_or(at, |soonest| soonest.min(at)));
        let entry = Entry { at, key };
        if tick(at) < self.cursor + SLOTS as i64 {
            self.put(entry);
        } else {
            self.serial += 1;
            self.far.push(Reverse(Far { serial: self.serial, entry }));
        }
    }

    /// Puts an entry that is within the wheel into its place.
    fn put(&mut self, entry: Entry<K>) {
        let tick = tick(entry.at);
        if tick > self.cursor {
            let slot = slot(tick);
            if self.slots.is_empty() {
                self.slots.resize_with(SLOTS, Vec::new);
            }
            self.slots[slot].push(entry);
            self.filled[slot / 64] |= 1 << (slot % 64);
        } else {
            let place = self.current.partition_point(|other| other.at > entry.at);
            self.current.insert(place, entry);
        }
    }

    /// The earliest deadline, which may be one that nobody waits for any more.
    pub(crate) fn next(&self) -> Option<Instant> {
        Some(back(self.base?, self.soonest?))
    }

    /// Whether most entries must be stale, with so many things that can wait: at most two deadlines each are live.
    pub(crate) fn is_crowded(&self, things: usize) -> bool {
        self.count > SPARE.saturating_add(things.saturating_mul(CROWDED))
    }

    /// Drops the entries that nobody waits for. Called when crowded, it costs each entry ever set little.
    pub(crate) fn retain(&mut self, mut is_live: impl FnMut(Instant, &K) -> bool) {
        let Some(base) = self.base else { return };
        let mut is_live = |entry: &Entry<K>| is_live(back(base, entry.at), &entry.key);
        self.current.retain(&mut is_live);
        for (index, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| !slot.is_empty()) {
            slot.retain(&mut is_live);
            if slot.is_empty() {
                self.filled[index / 64] &= !(1 << (index % 64));
            }
        }
        self.far.retain(|Reverse(far)| is_live(&far.entry));
        self.count = self.current.len() + self.slots.iter().map(Vec::len).sum::<usize>() + self.far.len();
        self.soonest = self.find_soonest();
    }

    /// Takes the earliest entry that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, K)> {
        let base = self.base?;
        let now = since(base, now);
        if self.soonest? > now {
            return None;
        }
        while self.current.is_empty() && self.cursor < tick(now) {
            self.advance(tick(now));
        }
        let entry = self.current.pop_if(|entry| entry.at <= now)?;
        self.count -= 1;
        self.soonest = self.find_soonest();
        Some((back(base, entry.at), entry.key))
    }

    /// Moves the cursor on: to the next tick with something in its slot, at most to the end of this turn of the wheel,
    /// and not beyond `to`.
    fn advance(&mut self, to: i64) {
        let end = to.min(self.cursor + SLOTS as i64 - 1);
        let next = self.next_filled().filter(|tick| *tick <= end);
        self.cursor = next.unwrap_or(end);
        if next.is_some() {
            let slot = slot(self.cursor);
            self.filled[slot / 64] &= !(1 << (slot % 64));
            // Its room goes back, so that the wheel holds no more than what waits.
            self.current = std::mem::take(&mut self.slots[slot]);
            // The earliest last, and of equal ones the first that was set: the order stays when both are turned round.
            self.current.reverse();
            self.current.sort_by_key(|entry| Reverse(entry.at));
        }
        while let Some(Reverse(far)) = self.far.peek()
            && tick(far.entry.at) < self.cursor + SLOTS as i64
            && let Some(Reverse(far)) = self.far.pop()
        {
            self.put(far.entry);
        }
    }

    /// The first tick after the cursor whose slot is not empty.
    fn next_filled(&self) -> Option<i64> {
        let first = slot(self.cursor + 1);
        let words = self.filled.len();
        // The word that the search begins in comes again at its end, for the ticks before the first.
        (0..=words).find_map(|step| {
            let word = (first / 64 + step) % words;
            let from = if step == 0 { first % 64 } else { 0 };
            let bits = self.filled[word] & (u64::MAX << from);
            let found = word * 64 + bits.trailing_zeros() as usize;
            let ahead = (found + SLOTS - first) % SLOTS;
            (bits != 0).then_some(self.cursor + 1 + ahead as i64)
        })
    }

    fn find_soonest(&self) -> Option<i64> {
        let far = self.far.peek().map(|Reverse(far)| far.entry.at);
        match self.current.last() {
            Some(entry) => Some(entry.at),
            None => match self.next_filled() {
                Some(tick) => self.slots[slot(tick)].iter().map(|entry| entry.at).min(),
                None => far,
            },
        }
    }
}

/// From one time to another, in nanoseconds.
fn since(base: Instant, at: Instant) -> i64 {
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX / 2);
    match at.checked_duration_since(base) {
        Some(after) => nanos(after),
        None => -nanos(base.saturating_duration_since(at)),
    }
}

/// The time that is so many nanoseconds from another.
fn back(base: Instant, at: i64) -> Instant {
    let distance = Duration::from_nanos(at.unsigned_abs());
    let there = if at < 0 { base.checked_sub(distance) } else { base.checked_add(distance) };
    there.unwrap_or(base)
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

    /// Against the plainest queue there is: whatever is set and however time passes, the same comes at the same time.
    #[test]
    fn near_and_far_deadlines_come_as_from_a_sorted_list() {
        let start = Instant::now();
        for seed in 1..40_u64 {
            let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut roll = |sides: u64| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                dice % sides
            };
            let (mut queue, mut list) = (TimerQueue::new(), Vec::new());
            let mut now = start + Duration::from_secs(100);
            for serial in 0..2_000_u32 {
                let ahead = [1, 8, 500, 32_000, 33_000, 900_000][roll(6) as usize];
                let at =
                    now + Duration::from_micros(roll(ahead * 1_000)) - Duration::from_millis(roll(3) * 4);
                queue.set(at, serial);
                list.push((at, serial));
                if roll(50) == 0 {
                    queue.retain(|_, serial| serial % 3 != 0);
                    list.retain(|(_, serial)| serial % 3 != 0);
                }
                if roll(3) == 0 {
                    let step = [1, 10, 1_000, 40_000][roll(4) as usize];
                    now += Duration::from_micros(roll(step * 1_000));
                }
                assert_eq!(queue.next(), list.iter().min().map(|(at, _)| *at));
                list.sort();
                let due = list.partition_point(|(at, _)| *at <= now);
                let expected: Vec<_> = list.drain(..due).collect();
                assert_eq!(std::iter::from_fn(|| queue.pop(now)).collect::<Vec<_>>(), expected);
            }
        }
    }
}
