//! Signed requests that were heard in the clear: who listens on the way could send one again while its date is good. So
//! each that changes something is taken once. Over TLS nobody listens, and programs may well send the same twice.

use super::hmac::SKEW_MAX_SECONDS;
use moka::{policy::EvictionPolicy, sync::Cache};
use std::time::Duration;

/// Signatures that are remembered; the oldest goes first.
const HEARD_MAX: u64 = 200_000;
/// How long: a date may be as far ahead of the clock as behind it.
const REMEMBERED: Duration = Duration::from_secs(2 * SKEW_MAX_SECONDS.unsigned_abs());

/// What was heard.
pub(crate) struct Heard(Cache<[u8; 32], ()>);

impl Heard {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder().max_capacity(HEARD_MAX).time_to_live(REMEMBERED);
        Self(cache.eviction_policy(EvictionPolicy::lru()).build())
    }

    /// Whether a request with this signature may be done; one that came in the clear is remembered.
    pub(crate) fn admit(&self, signature: [u8; 32], in_the_clear: bool) -> bool {
        if !in_the_clear {
            // What was heard in the clear is no better where it comes back over TLS.
            return !self.0.contains_key(&signature);
        }
        let mut is_first = false;
        self.0.get_with(signature, || is_first = true);
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_in_the_clear_is_taken_once_however_it_comes_back() {
        let heard = Heard::new();
        assert!(heard.admit([1; 32], true));
        assert!(!heard.admit([1; 32], true));
        assert!(!heard.admit([1; 32], false), "a header that claims TLS does not help");
        assert!(
            heard.admit([2; 32], false) && heard.admit([2; 32], false),
            "over TLS the same may come twice"
        );
        assert!(heard.admit([2; 32], true));
    }
}
