//! The door of the socket thread: what is dropped before it is read. One for each thread that reads sockets.

use super::millis;
use crate::context::Context;
use crate::counters::add;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Addresses that are counted apart; more share their places, by chance.
const PLACES: usize = 16_384;
/// How long an address that is known is not looked up again.
const KNOWN_FOR: u64 = 1_000;

/// What one address, or the few that share its place, may still send.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Thousandths of a message.
    tokens: u32,
    /// When it was filled last, milliseconds since the gate was made.
    at: u64,
    /// Whose place it is: a second hash.
    whose: u32,
    /// Nothing is counted until then.
    known_until: u64,
}

/// Why a datagram or connection is dropped unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Its address is banned.
    Banned,
    /// Its address sends too much.
    TooMany,
}

/// The door: bans, and a token bucket for each address. A fixed table, nothing of it shared or locked.
pub(crate) struct Gate {
    context: Arc<Context>,
    origin: Instant,
    places: Vec<Place>,
}

impl Gate {
    pub(crate) fn new(context: Arc<Context>, now: Instant) -> Self {
        let rules = context.shared.guard.rules();
        let full =
            Place { tokens: rules.source_burst.saturating_mul(1_000), at: 0, whose: 0, known_until: 0 };
        Self { places: vec![full; PLACES], context, origin: now }
    }

    /// Whether something from this address is dropped unread.
    pub(crate) fn refuses(&mut self, ip: IpAddr, is_stream: bool, now: Instant) -> Option<Dropped> {
        let guard = &self.context.shared.guard;
        if guard.is_banned(ip, is_stream, now) && !self.is_known(ip, now) {
            return Some(Dropped::Banned);
        }
        if self.takes(ip, now) || self.is_known_for_a_while(ip, now) {
            return None;
        }
        Some(Dropped::TooMany)
    }

    /// Counts what was dropped.
    pub(crate) fn count(&self, dropped: Dropped) {
        let tally = self.context.shared.io_tally();
        add(
            match dropped {
                Dropped::Banned => &tally.dropped_banned,
                Dropped::TooMany => &tally.dropped_flood,
            },
            1,
        );
    }

    /// Whether we serve somebody at this address.
    fn is_known(&self, ip: IpAddr, now: Instant) -> bool {
        self.context.control.is_known_address(ip) || self.context.shared.guard.is_proven(ip, now)
    }

    /// Asked only where the bucket is empty, and then once a second.
    fn is_known_for_a_while(&mut self, ip: IpAddr, now: Instant) -> bool {
        let is_known = self.is_known(ip, now);
        if is_known {
            let (at, (place, _)) = (self.millis(now), self.place(ip));
            self.places[place].known_until = at + KNOWN_FOR;
        }
        is_known
    }

    /// Takes one token; `false` where none is left.
    fn takes(&mut self, ip: IpAddr, now: Instant) -> bool {
        let at = self.millis(now);
        let rules = self.context.shared.guard.rules();
        let (rate, burst) = (u64::from(rules.source_rate), rules.source_burst.saturating_mul(1_000));
        let (index, whose) = self.place(ip);
        let place = &mut self.places[index];
        if place.whose != whose {
            // Another address takes the place over with what is left in it: a flood from many does not refill it.
            place.whose = whose;
            place.known_until = 0;
        }
        if place.known_until > at {
            return true;
        }
        // A rate of one a second is one thousandth of a message for each millisecond.
        let earned = u32::try_from(at.saturating_sub(place.at).saturating_mul(rate)).unwrap_or(u32::MAX);
        place.tokens = place.tokens.saturating_add(earned).min(burst);
        place.at = at;
        let left = place.tokens.checked_sub(1_000);
        place.tokens = left.unwrap_or(place.tokens);
        left.is_some()
    }

    fn place(&self, ip: IpAddr) -> (usize, u32) {
        let hash = self.context.hash.hash_one(super::key(ip));
        ((hash % PLACES as u64) as usize, (hash >> 32) as u32)
    }

    fn millis(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.origin).max(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Offence;
    use crate::tests::context;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn gate(now: Instant) -> Gate {
        let context = context(|config| {
            config.guard.source_rate = 10;
            config.guard.source_burst = 5;
        });
        Gate::new(Arc::new(context), now)
    }

    #[test]
    fn a_flood_from_one_address_is_heard_at_the_rate_that_is_allowed() {
        let start = Instant::now();
        let mut gate = gate(start);
        let heard = |gate: &mut Gate, at: Duration| {
            (0..100).filter(|_| gate.refuses(A, false, start + at).is_none()).count()
        };
        assert_eq!(heard(&mut gate, Duration::ZERO), 5);
        assert_eq!(heard(&mut gate, Duration::from_secs(1)), 5);
        assert_eq!(heard(&mut gate, Duration::from_millis(1_200)), 2);
        assert_eq!(heard(&mut gate, Duration::from_secs(60)), 5);
    }

    #[test]
    fn whoever_proved_a_name_is_not_counted() {
        let start = Instant::now();
        let mut gate = gate(start);
        gate.context.shared.guard.prove(A, Duration::from_secs(60), start);
        assert!((0..100).all(|_| gate.refuses(A, false, start).is_none()));
    }

    #[test]
    fn the_banned_are_not_read_over_the_transport_that_the_ban_is_for() {
        let start = Instant::now();
        let mut gate = gate(start);
        gate.context.shared.guard.offend((A, false), Offence::Scanner, start, || false);
        assert_eq!(gate.refuses(A, false, start), Some(Dropped::Banned));
        assert_eq!(gate.refuses(A, true, start), None);
    }
}
