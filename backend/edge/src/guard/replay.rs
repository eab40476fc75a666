//! Digest answers are good for one request each (RFC 7616 §5.4, §5.12): what was used once and comes with another request
//! is a replay, and is challenged again.
//!
//! A nonce needs no table; what was used of it does, and this one is fixed in size. A retransmission is the same request
//! from the same place, and passes. Where more answers arrive than there are places, the oldest are forgotten first by
//! chance: at [`PLACES`] answers within the life of a nonce that is one in several.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Answers that are remembered: 4 MiB.
const PLACES: usize = 1 << 19;
/// The half of a place that names the answer; the other half names the request.
const ANSWER_BITS: u32 = 32;

/// Answers to challenges that were used. Shared by all shards; nothing is locked.
pub(crate) struct Replays {
    places: Vec<AtomicU64>,
    hash: RandomState,
}

impl std::fmt::Debug for Replays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replays").field("places", &self.places.len()).finish_non_exhaustive()
    }
}

impl Replays {
    pub(crate) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(), hash: RandomState::new() }
    }

    /// Uses an answer for a request: both by what names them. `false` where another request has used it.
    pub(crate) fn uses(&self, answer: impl std::hash::Hash, request: impl std::hash::Hash) -> bool {
        let answer = self.hash.hash_one(answer);
        let request = self.hash.hash_one(request) >> ANSWER_BITS;
        // Zero is an empty place.
        let named = (answer >> ANSWER_BITS << ANSWER_BITS | request).max(1);
        let place = &self.places[(answer % PLACES as u64) as usize];
        let known = place.load(Ordering::Relaxed);
        if known == named {
            return true;
        }
        if known != 0 && known >> ANSWER_BITS == named >> ANSWER_BITS {
            return false;
        }
        // Another thread may use the same answer at this moment: then one of the two is the replay.
        match place.compare_exchange(known, named, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => true,
            Err(now) => now >> ANSWER_BITS != named >> ANSWER_BITS || now == named,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_for_one_request_and_its_retransmissions() {
        let replays = Replays::new();
        assert!(replays.uses(("nonce", 1), "request"));
        assert!(replays.uses(("nonce", 1), "request"));
        assert!(!replays.uses(("nonce", 1), "another"));
        assert!(replays.uses(("nonce", 2), "another"));
        assert!(replays.uses(("nonce", 1), "request"), "a replay changes nothing");
    }
}
