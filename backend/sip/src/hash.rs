//! SipHash-1-3 with 128 bits out, keyed: the table keys of transactions and the randomness of our tokens.
//!
//! Strangers choose branches, tags and Call-IDs, so the tables must not be keyed with something they can
//! predict; 128 bits make it needless to keep the strings for a second comparison.

/// A 128-bit key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key(u64, u64);

impl Key {
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let (low, high) = secret.split_at(8);
        Self(word(low), word(high))
    }

    pub(crate) fn hasher(self) -> Hasher {
        Hasher {
            v: [
                self.0 ^ 0x736f_6d65_7073_6575,
                self.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
                self.0 ^ 0x6c79_6765_6e65_7261,
                self.1 ^ 0x7465_6462_7974_6573,
            ],
            tail: 0,
            tail_len: 0,
            total: 0,
        }
    }

    /// The hash of some byte strings; each is closed, so `["ab", "c"]` differs from `["a", "bc"]`.
    pub(crate) fn of(self, parts: &[&[u8]]) -> u128 {
        let mut hasher = self.hasher();
        for part in parts {
            hasher.part(part);
        }
        hasher.finish()
    }
}

/// The running state of one hash.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    v: [u64; 4],
    /// The bytes that make no whole word yet, the first of them lowest, and how many they are.
    tail: u64,
    tail_len: u32,
    total: u64,
}

impl Hasher {
    /// Adds one byte string and its length.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        self.write(bytes, |word| word);
        self.word((bytes.len() as u32).into(), 4);
    }

    /// Adds one string as if its ASCII letters were small.
    pub(crate) fn part_lowercase(&mut self, text: &str) {
        self.write(text.as_bytes(), |word| {
            let mut letters = word.to_le_bytes();
            letters.make_ascii_lowercase();
            u64::from_le_bytes(letters)
        });
        self.word((text.len() as u32).into(), 4);
    }

    fn write(&mut self, bytes: &[u8], change: impl Fn(u64) -> u64) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in chunks.by_ref() {
            self.word(change(word(chunk)), 8);
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let last = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.word(change(last), rest.len() as u32);
        }
    }

    /// Adds the lowest 1 to 8 bytes of a word; the others are zero.
    fn word(&mut self, word: u64, bytes: u32) {
        self.total = self.total.wrapping_add(bytes.into());
        self.tail |= word << (8 * self.tail_len);
        let filled = self.tail_len + bytes;
        if filled < 8 {
            self.tail_len = filled;
            return;
        }
        self.compress(self.tail);
        // What did not fit into the word that is full now.
        self.tail = word.checked_shr(8 * (8 - self.tail_len)).unwrap_or(0);
        self.tail_len = filled - 8;
    }

    fn compress(&mut self, message: u64) {
        self.v[3] ^= message;
        self.round();
        self.v[0] ^= message;
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.v;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.v = [a, b, c, d];
    }

    pub(crate) fn finish(mut self) -> u128 {
        self.compress(self.tail | self.total << 56);
        self.v[2] ^= 0xee;
        let low = self.squeeze();
        self.v[1] ^= 0xdd;
        let high = self.squeeze();
        (u128::from(high) << 64) | u128::from(low)
    }

    fn squeeze(&mut self) -> u64 {
        for _ in 0..3 {
            self.round();
        }
        self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]
    }
}

fn word(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    whole.copy_from_slice(bytes);
    u64::from_le_bytes(whole)
}

/// The table keys are hashes already: this passes their low half through.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PassThrough(u64);

impl std::hash::Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// A map keyed by a 128-bit hash.
pub(crate) type HashedMap<V> = std::collections::HashMap<u128, V, std::hash::BuildHasherDefault<PassThrough>>;

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn parts_are_closed_and_keys_matter() {
        let key = Key::new([7; 16]);
        assert_eq!(key.of(&[b"ab", b"c"]), key.of(&[b"ab", b"c"]));
        assert_ne!(key.of(&[b"ab", b"c"]), key.of(&[b"a", b"bc"]));
        assert_ne!(key.of(&[b"ab"]), Key::new([8; 16]).of(&[b"ab"]));
    }

    #[test]
    fn the_hash_does_not_depend_on_how_the_bytes_were_cut() {
        let key = Key::new(*b"0123456789abcdef");
        let mut lower = key.hasher();
        lower.part_lowercase("Host.Example.COM:5060");
        assert_eq!(lower.finish(), key.of(&[b"host.example.com:5060"]));
    }

    #[test]
    fn strings_of_every_length_and_place_hash_as_their_bytes_one_by_one() {
        let key = Key::new([5; 16]);
        let text: Vec<u8> = (1..=40).collect();
        for start in 0..9 {
            for end in start..text.len() {
                let (mut whole, mut single) = (key.hasher(), key.hasher());
                whole.write(&text[..start], |word| word);
                whole.write(&text[start..end], |word| word);
                text[..end].iter().for_each(|byte| single.word(u64::from(*byte), 1));
                assert_eq!(whole.finish(), single.finish(), "{start}..{end}");
            }
        }
    }

    #[test]
    fn ten_thousand_neighbours_do_not_collide_even_in_sixteen_spread_bits() {
        let key = Key::new([1; 16]);
        let mut low = std::collections::HashSet::new();
        for number in 0u32..10_000 {
            low.insert(key.of(&[&number.to_le_bytes()]) as u64);
        }
        assert_eq!(low.len(), 10_000);
    }
}
