//! What payload types mean to who listens: as was agreed when it began to, and is agreed anew while the call goes on. The workers have
//! no part in it: it goes from who takes descriptions to who listens.

use crate::Side;
use media::codec::{Coding, by_fixed_payload};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// What the payload types of a side mean that are not fixed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Until the last agreement.
    before: Vec<(u8, Coding)>,
    /// When that was, microseconds of the relay.
    since_us: u64,
    /// Since then.
    now: Vec<(u8, Coding)>,
}

impl Meaning {
    /// How a packet is coded that came at a time. One that is not of the agreement of its time may be early or late, and of the other.
    pub(super) fn coding(&self, payload: u8, at_us: u64) -> Option<Coding> {
        let (own, other) = match at_us < self.since_us {
            true => (&self.before, &self.now),
            false => (&self.now, &self.before),
        };
        let find = |codings: &[(u8, Coding)]| {
            codings.iter().find(|(known, _)| *known == payload).map(|(_, coding)| *coding)
        };
        let fixed = || Coding::of_name(by_fixed_payload(payload)?.name);
        find(own).or_else(fixed).or_else(|| find(other))
    }
}

/// Where what is agreed on is said, and read.
#[derive(Debug, Default)]
pub(crate) struct Agreed {
    /// How often it has changed.
    version: AtomicU64,
    sides: Mutex<[Meaning; 2]>,
}

impl Agreed {
    /// What each side, A and B, means at first.
    pub(crate) fn new(codings: [Vec<(u8, Coding)>; 2]) -> Self {
        let sides = codings.map(|now| Meaning { now, ..Meaning::default() });
        Self { version: AtomicU64::new(0), sides: Mutex::new(sides) }
    }

    /// What a side means from now on, microseconds of the relay. What it meant before is still known.
    pub(crate) fn say(&self, side: Side, codings: &[(u8, Coding)], now_us: u64) {
        let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let meaning = &mut sides[side.index()];
        if meaning.now == codings {
            return;
        }
        let before = std::mem::replace(&mut meaning.now, codings.to_vec());
        (meaning.before, meaning.since_us) = (before, now_us);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Changes with what is said.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// All of it, and its version.
    pub(super) fn read(&self) -> ([Meaning; 2], u64) {
        let sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        (sides.clone(), self.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_means_what_held_when_its_packet_came() {
        let agreed = Agreed::new([vec![(96, Coding::Opus), (97, Coding::G729)], Vec::new()]);
        let (first, version) = agreed.read();
        agreed.say(Side::A, &[(97, Coding::G729), (96, Coding::Opus)], 1_000);
        agreed.say(Side::A, &[(96, Coding::G729)], 2_000);
        assert!(agreed.version() != version);
        let [a, b] = agreed.read().0;
        assert_eq!(first[0].coding(96, 5_000), Some(Coding::Opus));
        let heard = [(96, 1_999), (96, 2_000), (97, 2_020), (0, 1), (13, 1), (98, 1)];
        let meant = heard.map(|(payload, at)| a.coding(payload, at));
        let [opus, g729] = [Coding::Opus, Coding::G729].map(Some);
        assert_eq!(meant, [opus, g729, g729, Some(Coding::Pcmu), None, None], "a late one is still known");
        assert_eq!(b.coding(96, 5_000), None, "each side has numbers of its own");
    }

    #[test]
    fn what_is_agreed_again_as_it_was_changes_nothing() {
        let agreed = Agreed::new([vec![(96, Coding::Opus)], Vec::new()]);
        agreed.say(Side::A, &[(96, Coding::G729)], 10);
        let before = agreed.read();
        agreed.say(Side::A, &[(96, Coding::G729)], 20);
        assert_eq!(agreed.read(), before, "what held before it is not forgotten");
    }
}
