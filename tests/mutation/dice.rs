//! Mutations that are the same on each run. Every test that breaks messages includes this file, on whatever floor it is.

/// A small generator of even numbers (xorshift64*).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `bound`, which is not 0.
    pub(crate) fn roll(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("31 bits fit") % bound
    }

    /// Bytes without sense.
    pub(crate) fn noise(&mut self, bound: usize) -> Vec<u8> {
        (0..self.roll(bound)).map(|_| u8::try_from(self.roll(256)).expect("a byte")).collect()
    }

    /// Breaks a text in a few places; `seeds` are what breaks parsers.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[&[u8]]) {
        for _ in 0..=self.roll(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.roll(bytes.len());
            let end = (at + 1 + self.roll(40)).min(bytes.len());
            match self.roll(6) {
                0 => bytes[at] = u8::try_from(self.roll(256)).expect("a byte"),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.truncate(at),
                3 => {
                    let copy = bytes[at..end].to_vec();
                    let to = self.roll(bytes.len());
                    bytes.splice(to..to, copy);
                }
                _ => {
                    let seed = seeds[self.roll(seeds.len())];
                    bytes.splice(at..at, seed.iter().copied());
                }
            }
        }
    }
}
