//! The longest prefix of a number, by hash: as many look-ups as there are different lengths.

use crate::phone::E164;
use std::collections::HashMap;

/// The most digits of a number (E.164).
const DIGITS_MAX: u8 = 15;

/// Where each prefix stands in a list; several places where it stands there more than once.
#[derive(Debug, Clone, Default)]
pub struct PrefixIndex {
    places: HashMap<(u8, u64), Vec<u32>>,
    /// Bit n is set where there is a prefix of n digits.
    lengths: u16,
}

impl PrefixIndex {
    /// Indexes prefixes: digits without `+`, the empty one covers everything. What is none is never found.
    #[must_use]
    pub fn new<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        for (place, prefix) in prefixes.into_iter().enumerate() {
            let (Some(key), Ok(place)) = (key(prefix), u32::try_from(place)) else { continue };
            index.lengths |= 1 << key.0;
            index.places.entry(key).or_default().push(place);
        }
        index
    }

    /// The places of the prefixes of a number with their lengths, the longest first.
    pub fn find(&self, number: E164) -> impl Iterator<Item = (u8, usize)> + '_ {
        let number = number.as_u64();
        let count = u8::try_from(number.checked_ilog10().unwrap_or(0) + 1).unwrap_or(DIGITS_MAX);
        (0..=count.min(DIGITS_MAX)).rev().filter(|length| self.lengths & (1 << length) != 0).flat_map(
            move |length| {
                let start = number / 10_u64.pow(u32::from(count - length));
                let key = (length, if length == 0 { 0 } else { start });
                self.places.get(&key).into_iter().flatten().map(move |place| (length, *place as usize))
            },
        )
    }
}

/// A prefix may begin with a zero, which no number does: its length is part of the key.
fn key(prefix: &str) -> Option<(u8, u64)> {
    if prefix.is_empty() {
        return Some((0, 0));
    }
    let length = u8::try_from(prefix.len()).ok().filter(|length| *length <= DIGITS_MAX)?;
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((length, prefix.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prefixes_are_found_from_the_longest_to_the_one_that_covers_everything() {
        let index = PrefixIndex::new(["1", "1206", "", "46", "1206", "x"]);
        let number = E164::parse("+12065550100").expect("a number");
        assert_eq!(index.find(number).collect::<Vec<_>>(), [(4, 1), (4, 4), (1, 0), (0, 2)]);
    }

    proptest! {
        #[test]
        fn it_finds_what_looking_at_each_prefix_finds(
            prefixes in proptest::collection::vec("[0-9]{0,4}", 0..30), digits in "[1-9][0-9]{6,14}",
        ) {
            let index = PrefixIndex::new(prefixes.iter().map(String::as_str));
            let number = E164::parse(&format!("+{digits}")).expect("a number");
            let found: std::collections::BTreeSet<usize> = index.find(number).map(|(_, place)| place).collect();
            let expected = (0..prefixes.len()).filter(|place| digits.starts_with(&prefixes[*place])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
