//! Which invoices are paid: a tenant has one balance, and what it pays goes to the oldest first.

/// An invoice that was issued and is not written off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<I> {
    /// Which.
    pub id: I,
    /// What it came to, micro-units.
    pub total_micros: i64,
}

/// What is still open of each claim, micro-units, in their order: the oldest comes first.
///
/// `billed_balance_micros` is the balance as it were if nothing had happened since the last invoice but payments: what
/// is below zero is owed, and since older claims are paid first, it is owed of the youngest.
#[must_use]
pub fn open_amounts<I: Copy>(billed_balance_micros: i64, claims: &[Claim<I>]) -> Vec<(I, i64)> {
    let mut owed = billed_balance_micros.min(0).saturating_neg();
    let mut open: Vec<_> = claims
        .iter()
        .rev()
        .map(|claim| {
            let part = owed.min(claim.total_micros.max(0));
            owed -= part;
            (claim.id, part)
        })
        .collect();
    open.reverse();
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims(totals: &[i64]) -> Vec<Claim<usize>> {
        totals
            .iter()
            .enumerate()
            .map(|(id, total_micros)| Claim { id, total_micros: *total_micros })
            .collect()
    }

    #[test]
    fn what_is_paid_goes_to_the_oldest_invoice_first() {
        let open = |balance| {
            open_amounts(balance, &claims(&[10, 20, 30]))
                .into_iter()
                .map(|(_, open)| open)
                .collect::<Vec<_>>()
        };
        assert_eq!(open(0), [0, 0, 0]);
        assert_eq!(open(5), [0, 0, 0]);
        assert_eq!(open(-30), [0, 0, 30]);
        assert_eq!(open(-45), [0, 15, 30]);
        assert_eq!(open(-60), [10, 20, 30]);
        assert_eq!(open(-100), [10, 20, 30]);
    }

    proptest! {
        #[test]
        fn no_more_is_open_than_is_owed_and_none_more_than_it_came_to(
            balance in -1_000_i64..1_000, totals in proptest::collection::vec(-50_i64..200, 0..8),
        ) {
            let open = open_amounts(balance, &claims(&totals));
            let sum: i64 = open.iter().map(|(_, open)| open).sum();
            let most: i64 = totals.iter().map(|total| (*total).max(0)).sum();
            prop_assert_eq!(sum, (-balance).clamp(0, most));
            prop_assert!(open.iter().all(|(id, open)| (0..=totals[*id].max(0)).contains(open)));
        }
    }
}
