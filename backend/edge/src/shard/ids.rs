//! Names of calls: version 7 of RFC 9562, so that they sort by their time.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::seam::CallId;

/// Makes names that nobody can foresee: a counter under a hash keyed by the system's randomness.
#[derive(Debug)]
pub(super) struct CallIds {
    key: RandomState,
    counter: u64,
}

impl CallIds {
    pub(super) fn new() -> Self {
        Self { key: RandomState::new(), counter: 0 }
    }

    /// 48 bits of milliseconds, then the version, the variant and 74 random bits (RFC 9562 §5.7).
    pub(super) fn next(&mut self, wall: SystemTime) -> CallId {
        self.counter += 1;
        let millis = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() & 0xffff_ffff_ffff;
        let high = u128::from(self.key.hash_one((self.counter, 0_u8)));
        let low = u128::from(self.key.hash_one((self.counter, 1_u8)));
        millis << 80 | 0x7 << 76 | (high & 0xfff) << 64 | 0b10 << 62 | low >> 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn names_are_version_7_differ_and_sort_by_time() {
        let mut ids = CallIds::new();
        let at = UNIX_EPOCH + Duration::from_millis(0x0123_4567_89ab);
        let (first, second) = (ids.next(at), ids.next(at));
        let later = ids.next(at + Duration::from_millis(1));
        assert_ne!(first, second);
        assert!(later > first && later > second);
        assert_eq!(first >> 80, 0x0123_4567_89ab);
        assert_eq!(first >> 76 & 0xf, 7);
        assert_eq!(first >> 62 & 0b11, 0b10);
    }
}
