//! Orders that are drawn for each call. The draw is a fact of the call, so that a dry run and a post-mortem draw the same.

use crate::{config::Aim, routing::RouteOrder};

/// A small generator (`SplitMix64`): good enough to spread calls, and the same everywhere.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or_default()
    }
}

/// The order in which the trunks of a route are tried: their places.
pub(super) fn arrange(targets: &[Aim], order: RouteOrder, draw: u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..targets.len()).collect();
    if targets.iter().any(|target| target.priority != targets[0].priority) {
        places.sort_by_key(|place| targets[*place].priority);
    }
    if order == RouteOrder::Listed {
        return places;
    }
    let mut draw = Draw::new(draw);
    for equals in places.chunk_by_mut(|a, b| targets[*a].priority == targets[*b].priority) {
        match order {
            RouteOrder::Listed => {}
            RouteOrder::Shuffle => shuffle(equals, &mut draw),
            RouteOrder::Weighted => weigh(equals, |place| u64::from(targets[*place].weight), &mut draw),
        }
    }
    places
}

/// Fisher and Yates.
fn shuffle<T>(items: &mut [T], draw: &mut Draw) {
    for last in (1..items.len()).rev() {
        let chosen = draw.below(last as u64 + 1);
        items.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
}

/// Draws one after the other in proportion to their weights (RFC 2782); those of weight 0 come last.
pub(super) fn weigh<T>(items: &mut [T], weight: impl Fn(&T) -> u64, draw: &mut Draw) {
    for first in 0..items.len() {
        let total: u64 = items[first..].iter().map(&weight).sum();
        if total == 0 {
            return;
        }
        let mut ticket = draw.below(total);
        for place in first..items.len() {
            let share = weight(&items[place]);
            if ticket < share {
                items[first..=place].rotate_right(1);
                break;
            }
            ticket -= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(trunk: u32, priority: u16, weight: u16) -> Aim {
        Aim { trunk: Some(trunk), priority, weight }
    }

    fn firsts(targets: &[Aim], order: RouteOrder) -> Vec<u32> {
        let mut counts = vec![0; targets.len()];
        for draw in 0..10_000 {
            counts[arrange(targets, order, draw)[0]] += 1;
        }
        counts
    }

    #[test]
    fn a_lower_priority_always_goes_first_and_equals_keep_their_place_where_listed() {
        let targets = [target(0, 2, 1), target(1, 1, 1), target(2, 2, 1), target(3, 1, 1)];
        assert_eq!(arrange(&targets, RouteOrder::Listed, 7), [1, 3, 0, 2]);
    }

    #[test]
    fn a_shuffle_gives_each_trunk_an_equal_share_of_calls() {
        let targets = [target(0, 0, 1), target(1, 0, 1), target(2, 0, 1), target(3, 9, 1)];
        let counts = firsts(&targets, RouteOrder::Shuffle);
        assert_eq!(counts[3], 0);
        assert!(counts[..3].iter().all(|count| (3_100..3_570).contains(count)), "{counts:?}");
    }

    #[test]
    fn weights_give_their_share_and_none_comes_last() {
        let targets = [target(0, 0, 3), target(1, 0, 1), target(2, 0, 0)];
        let counts = firsts(&targets, RouteOrder::Weighted);
        assert!((7_300..7_700).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
        assert_eq!(arrange(&targets, RouteOrder::Weighted, 5)[2], 2);
    }

    proptest! {
        #[test]
        fn every_order_is_a_permutation_that_keeps_to_priorities_and_to_its_draw(
            given in proptest::collection::vec((0_u16..4, 0_u16..5), 0..20), draw: u64, which in 0_usize..3,
        ) {
            let order = [RouteOrder::Listed, RouteOrder::Shuffle, RouteOrder::Weighted][which];
            let targets: Vec<_> = given.iter().map(|(priority, weight)| target(4, *priority, *weight)).collect();
            let places = arrange(&targets, order, draw);
            let mut sorted = places.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..targets.len()).collect::<Vec<_>>());
            prop_assert!(places.windows(2).all(|pair| targets[pair[0]].priority <= targets[pair[1]].priority));
            prop_assert_eq!(arrange(&targets, order, draw), places);
        }
    }
}
