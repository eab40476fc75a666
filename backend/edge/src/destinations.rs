//! Where connections over TLS go: an address together with the name that its certificate must cover (RFC 5922 §7.3).
//!
//! The engine knows a peer by address, transport and flow. A destination is such a flow: it outlives the connections
//! that are opened for it, and stands in each message that comes over one of them.

use crate::seam::PeerCertificate;
use arc_swap::ArcSwapOption;
use papaya::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Destinations that are known at a time; beyond, those are forgotten that were not used for the longest time.
const DESTINATIONS_MAX: usize = 65_536;
/// Set in the flow of a destination, and in that of nothing else.
const IS_DESTINATION: u64 = 1 << 63;

/// All destinations, for all threads.
#[derive(Debug, Default)]
pub(crate) struct Destinations {
    hash: RandomState,
    known: HashMap<u64, Arc<Destination>>,
    /// Counts uses, in the place of a clock.
    uses: AtomicU64,
}

/// An address and the name of who is there.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) addr: SocketAddr,
    pub(crate) name: Box<str>,
    /// What was shown there last.
    pub(crate) shown: ArcSwapOption<PeerCertificate>,
    used: AtomicU64,
}

impl Destinations {
    /// Whether a flow is a destination's.
    pub(crate) const fn is_one(flow: u64) -> bool {
        flow & IS_DESTINATION != 0
    }

    /// The flow of a destination.
    pub(crate) fn flow(&self, addr: SocketAddr, name: &str) -> u64 {
        let name = name.to_ascii_lowercase();
        let flow = self.hash.hash_one((addr, &name)) | IS_DESTINATION;
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        let known = self.known.pin();
        if let Some(destination) = known.get(&flow) {
            destination.used.store(used, Ordering::Relaxed);
            return flow;
        }
        if known.len() >= DESTINATIONS_MAX {
            self.forget();
        }
        let destination = Destination {
            addr,
            name: name.into(),
            shown: ArcSwapOption::empty(),
            used: AtomicU64::new(used),
        };
        known.insert(flow, Arc::new(destination));
        flow
    }

    /// A destination.
    pub(crate) fn get(&self, flow: u64) -> Option<Arc<Destination>> {
        let destination = Arc::clone(self.known.pin().get(&flow)?);
        destination.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(destination)
    }

    /// Forgets the older half.
    fn forget(&self) {
        let known = self.known.pin();
        let mut uses: Vec<u64> = known.values().map(|known| known.used.load(Ordering::Relaxed)).collect();
        let middle = uses.len() / 2;
        let (_, median, _) = uses.select_nth_unstable(middle);
        let median = *median;
        known.retain(|_, destination| destination.used.load(Ordering::Relaxed) >= median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_an_address_is_one_destination_and_the_unused_are_forgotten_first() {
        let all = Destinations::default();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let first = all.flow(at(5061), "SBC.test");
        assert_eq!(all.flow(at(5061), "sbc.test"), first);
        assert_ne!(all.flow(at(5061), "other.test"), first);
        assert_ne!(all.flow(at(5062), "sbc.test"), first);
        assert!(Destinations::is_one(first) && !Destinations::is_one(17));
        for count in 0..DESTINATIONS_MAX {
            let _ = all.flow(at(5061), &format!("sbc{count}.test"));
            let known = all.get(first).expect("it is used all the time");
            assert_eq!((known.addr, &*known.name), (at(5061), "sbc.test"));
        }
        assert!(all.known.pin().len() <= DESTINATIONS_MAX);
    }
}
