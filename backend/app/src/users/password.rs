//! Passwords of phones: made here, strong, and easy to type on a phone.

use rand::seq::IndexedRandom;

/// Letters and digits that nobody mistakes for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters: 24 of 56 are about 139 bits.
const LENGTH: usize = 24;

/// A password that was never there before.
pub(super) fn generate() -> String {
    let mut source = rand::rng();
    (0..LENGTH).filter_map(|_| ALPHABET.choose(&mut source)).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_no_two_are_the_same() {
        let [one, other] = [generate(), generate()];
        assert_eq!(one.len(), LENGTH);
        assert_ne!(one, other);
    }
}
