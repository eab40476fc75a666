//! Places that failed a moment ago go to the end of the line, and are tried again soon (RFC 3263 §4.3).

use edge::seam::Hop;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Places that are remembered.
const SHUNNED_MAX: usize = 4_096;

/// The places that failed a moment ago.
#[derive(Debug, Default)]
pub(super) struct Shunned(Mutex<HashMap<Hop, Instant>>);

impl Shunned {
    /// A place did not answer, could not be reached, or said 503.
    pub(super) fn add(&self, hop: Hop, now: Instant, lasts: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SHUNNED_MAX {
            known.retain(|_, until| *until > now);
        }
        if known.len() < SHUNNED_MAX {
            known.insert(hop, now + lasts);
        }
    }

    /// A place answered.
    pub(super) fn remove(&self, hop: &Hop) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(hop);
    }

    /// The same places, those that failed a moment ago last. None is left out: where all failed, all are tried.
    pub(super) fn last(&self, mut hops: Vec<Hop>, now: Instant) -> Vec<Hop> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_empty() {
            hops.sort_by_key(|hop| known.get(hop).is_some_and(|until| *until > now));
        }
        hops
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SHUNNED_FOR: Duration = Duration::from_secs(30);

    fn hop(text: &str) -> Hop {
        Hop { address: text.parse().unwrap(), transport: sip::Transport::Udp }
    }

    #[test]
    fn a_place_that_failed_goes_to_the_end_for_a_while_and_comes_back_with_its_answer() {
        let (shunned, now) = (Shunned::default(), Instant::now());
        let [one, two] = [hop("192.0.2.1:5060"), hop("192.0.2.2:5060")];
        shunned.add(one, now, SHUNNED_FOR);
        assert_eq!(shunned.last(vec![one, two], now), [two, one]);
        assert_eq!(shunned.last(vec![one, two], now + SHUNNED_FOR), [one, two]);
        shunned.add(two, now, SHUNNED_FOR);
        assert_eq!(shunned.last(vec![one, two], now), [one, two]);
        shunned.remove(&one);
        assert_eq!(shunned.last(vec![two, one], now), [one, two]);
    }

    #[test]
    fn no_more_than_the_most_are_remembered() {
        let (shunned, now) = (Shunned::default(), Instant::now());
        for port in 1..=u16::try_from(SHUNNED_MAX + 10).unwrap() {
            shunned.add(hop(&format!("192.0.2.1:{port}")), now, SHUNNED_FOR);
        }
        assert_eq!(shunned.0.lock().unwrap().len(), SHUNNED_MAX);
        shunned.add(hop("192.0.2.9:1"), now + SHUNNED_FOR, SHUNNED_FOR);
        assert_eq!(shunned.0.lock().unwrap().len(), 1);
    }
}
