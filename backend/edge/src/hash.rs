//! Maps by numbers of ours, or by hashes that were made under a key: nobody outside chooses them, so that they need no second hash
//! under a key.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Spreads a number over all bits: the golden ratio of 2^64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hasher of one number.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Both ends of the product are used by the map; the fold carries what is high down.
        let product = u128::from(self.0 ^ number).wrapping_mul(u128::from(GOLDEN));
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

/// A map by numbers.
pub(crate) type NumberMap<V> = HashMap<u64, V, BuildHasherDefault<Spread>>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, BuildHasherDefault};

    #[test]
    fn neighbours_and_generations_spread_over_low_and_high_bits() {
        let hash = |number: u64| BuildHasherDefault::<Spread>::default().hash_one(number);
        for numbers in [(0..4_096).collect::<Vec<u64>>(), (0..4_096).map(|n| n << 32 | 5).collect()] {
            let low: HashSet<u64> = numbers.iter().map(|number| hash(*number) & 0xfff).collect();
            let high: HashSet<u64> = numbers.iter().map(|number| hash(*number) >> 52).collect();
            assert!(low.len() > 2_000 && high.len() > 2_000, "{} {}", low.len(), high.len());
        }
    }
}
