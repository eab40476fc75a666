//! One limit: so many requests within a window, for each of many keys. The generic cell rate algorithm (ITU-T I.371):
//! one time is kept per key, no timer runs, and a window's requests may come all at once.

use moka::{policy::EvictionPolicy, sync::Cache};
use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Keys that one limit remembers; the one that was quiet for longest goes first.
const KEYS_MAX: u64 = 100_000;
/// A second, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests in a window, which may come all at once.
    pub requests: u32,
    /// Seconds of a window.
    pub seconds: u32,
}

/// How a key stands with a limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The limit.
    pub(crate) rate: Rate,
    /// Requests that may come now.
    pub(crate) remaining: u32,
    /// Seconds until all of them may come again.
    pub(crate) reset: u32,
    /// Where the request came too early: seconds until it may come.
    pub(crate) retry_after: Option<u32>,
}

/// One limit.
pub(super) struct Bucket<K> {
    rate: Rate,
    /// The window, nanoseconds.
    window: u64,
    /// From one request to the next at the steady rate, nanoseconds.
    step: u64,
    /// Per key: when the requests so far would be over at the steady rate, nanoseconds.
    ends: Cache<K, Arc<AtomicU64>>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Bucket<K> {
    /// A limit; `None` where the rate says that there is none.
    pub(super) fn new(rate: Rate) -> Option<Self> {
        let window = u64::from(rate.seconds) * SECOND;
        let step = window.checked_div(u64::from(rate.requests)).filter(|step| *step > 0)?;
        let ends = Cache::builder()
            .max_capacity(KEYS_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(Duration::from_secs(u64::from(rate.seconds)))
            .build();
        Some(Self { rate, window, step, ends })
    }

    /// Counts a request of a key at a time, since any beginning.
    pub(super) fn take(&self, key: K, now: Duration) -> Standing {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX / 2);
        let end = self.ends.get_with(key, || Arc::new(AtomicU64::new(now)));
        let mut known = end.load(Ordering::Relaxed);
        loop {
            let next = known.max(now) + self.step;
            // What whole division lost of the window is no reason to refuse its last request.
            let late = (next - now).saturating_sub(self.window);
            if late > 0 {
                return self.standing(known.max(now) - now, Some(late));
            }
            match end.compare_exchange_weak(known, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.standing(next - now, None),
                Err(other) => known = other,
            }
        }
    }

    fn standing(&self, used: u64, late: Option<u64>) -> Standing {
        let left = self.window.saturating_sub(used) / self.step;
        Standing {
            rate: self.rate,
            remaining: u32::try_from(left).unwrap_or(u32::MAX).min(self.rate.requests),
            reset: seconds(used),
            retry_after: late.map(|late| seconds(late).max(1)),
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds.div_ceil(SECOND)).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const RATE: Rate = Rate { requests: 10, seconds: 20 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn a_windows_requests_may_come_at_once_and_then_one_by_one() {
        let bucket = Bucket::new(RATE).unwrap();
        for left in (0..10).rev() {
            let standing = bucket.take("a", at(0));
            assert_eq!((standing.remaining, standing.retry_after), (left, None));
        }
        let refused = bucket.take("a", at(0));
        assert_eq!((refused.remaining, refused.reset, refused.retry_after), (0, 20, Some(2)));
        assert_eq!(bucket.take("a", at(1)).retry_after, Some(1), "a refused request costs nothing");
        assert_eq!(bucket.take("a", at(2)).retry_after, None);
        assert_eq!(bucket.take("a", at(2)).retry_after, Some(2));
        assert_eq!(bucket.take("b", at(2)).remaining, 9, "another key has a window of its own");
        assert_eq!(bucket.take("a", at(60)).remaining, 9, "after a quiet window all is as at first");
    }

    #[test]
    fn no_rate_is_no_limit_and_a_rate_that_does_not_divide_its_window_loses_no_request() {
        assert!(Bucket::<u8>::new(Rate { requests: 0, seconds: 1 }).is_none());
        let bucket = Bucket::new(Rate { requests: 7, seconds: 1 }).unwrap();
        let allowed = (0..20).filter(|_| bucket.take((), at(0)).retry_after.is_none()).count();
        assert_eq!(allowed, 7);
    }

    #[test]
    fn many_keys_are_held_within_a_bound() {
        let bucket = Bucket::new(RATE).unwrap();
        for key in 0..(KEYS_MAX + 5_000) {
            bucket.take(key, at(0));
        }
        bucket.ends.run_pending_tasks();
        assert!(bucket.ends.entry_count() <= KEYS_MAX, "{}", bucket.ends.entry_count());
    }

    #[test]
    fn threads_that_come_together_share_one_window() {
        let bucket = Bucket::new(Rate { requests: 1_000, seconds: 10 }).unwrap();
        let count = |_| (0..500).filter(|_| bucket.take((), at(0)).retry_after.is_none()).count();
        let allowed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || count(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(allowed, 1_000);
    }
}
