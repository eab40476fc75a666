//! What payload types mean to who listens: as was agreed when it began to, and is agreed anew while the call goes on. The workers have
//! no part in it: it goes from who takes descriptions to who listens.

use crate::Side;
use media::{
    codec::{Coding, by_fixed_payload},
    sdp::{Endpoint, Payloads},
};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// What the payload types of a side mean, by one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Those that are not fixed.
    pub(crate) codings: Vec<(u8, Coding)>,
    /// Those that are no audio.
    pub(crate) beside: Payloads,
}

impl Default for Terms {
    fn default() -> Self {
        Self { codings: Vec::new(), beside: Payloads::comfort_noise() }
    }
}

impl From<&Endpoint> for Terms {
    fn from(end: &Endpoint) -> Self {
        Self { codings: end.codings.clone(), beside: end.beside }
    }
}

impl Terms {
    fn coding(&self, payload: u8) -> Option<Coding> {
        self.codings.iter().find(|(known, _)| *known == payload).map(|(_, coding)| *coding)
    }
}

/// What the payload types of a side mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Until the last agreement.
    before: Terms,
    /// When that was, microseconds of the relay.
    since_us: u64,
    /// Since then.
    now: Terms,
}

impl Meaning {
    /// How a packet is coded that came at a time. One that is not of the agreement of its time may be early or late, and of the other.
    pub(super) fn coding(&self, payload: u8, at_us: u64) -> Option<Coding> {
        let (own, other) = match at_us < self.since_us {
            true => (&self.before, &self.now),
            false => (&self.now, &self.before),
        };
        let fixed = || Coding::of_name(by_fixed_payload(payload)?.name);
        own.coding(payload).or_else(fixed).or_else(|| other.coding(payload))
    }

    /// Whether it is no audio: telephone-events or comfort noise.
    pub(super) const fn is_beside(&self, payload: u8) -> bool {
        self.now.beside.contains(payload) || self.before.beside.contains(payload)
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
    pub(crate) fn new(terms: [Terms; 2]) -> Self {
        let sides = terms.map(|now| Meaning { now, ..Meaning::default() });
        Self { version: AtomicU64::new(0), sides: Mutex::new(sides) }
    }

    /// What a side means from now on, microseconds of the relay. What it meant before is still known.
    pub(crate) fn say(&self, side: Side, terms: Terms, now_us: u64) {
        let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let meaning = &mut sides[side.index()];
        if meaning.now == terms {
            return;
        }
        let before = std::mem::replace(&mut meaning.now, terms);
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

    fn terms(codings: &[(u8, Coding)]) -> Terms {
        Terms { codings: codings.to_vec(), ..Terms::default() }
    }

    #[test]
    fn a_number_means_what_held_when_its_packet_came() {
        let agreed = Agreed::new([terms(&[(96, Coding::Opus), (97, Coding::G729)]), Terms::default()]);
        let (first, version) = agreed.read();
        agreed.say(Side::A, terms(&[(97, Coding::G729), (96, Coding::Opus)]), 1_000);
        agreed.say(Side::A, terms(&[(96, Coding::G729)]), 2_000);
        assert!(agreed.version() != version);
        let [a, b] = agreed.read().0;
        assert_eq!(first[0].coding(96, 5_000), Some(Coding::Opus));
        let heard = [(96, 1_999), (96, 2_000), (97, 2_020), (0, 1), (13, 1), (98, 1)];
        let meant = heard.map(|(payload, at)| a.coding(payload, at));
        let [opus, g729] = [Coding::Opus, Coding::G729].map(Some);
        assert_eq!(meant, [opus, g729, g729, Some(Coding::Pcmu), None, None], "a late one is still known");
        assert_eq!(b.coding(96, 5_000), None, "each side has numbers of its own");
        assert!(a.is_beside(13) && !a.is_beside(101), "comfort noise is met without a word");
        agreed.say(Side::A, Terms { beside: [101].into_iter().collect(), ..Terms::default() }, 3_000);
        assert!(agreed.read().0[0].is_beside(101));
    }

    #[test]
    fn what_is_agreed_again_as_it_was_changes_nothing() {
        let agreed = Agreed::new([terms(&[(96, Coding::Opus)]), Terms::default()]);
        agreed.say(Side::A, terms(&[(96, Coding::G729)]), 10);
        let before = agreed.read();
        agreed.say(Side::A, terms(&[(96, Coding::G729)]), 20);
        assert_eq!(agreed.read(), before, "what held before it is not forgotten");
    }
}
