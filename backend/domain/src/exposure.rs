//! What a tenant may cost at worst, at a moment.
//!
//! A call never costs more than is held for it: it is ended, or more is held, before that is used up. So what is held for all
//! calls and orders is what they may cost until the next hold or extension is asked for; with what is owed already it is the most
//! that a tenant can owe at that time. The cap is looked at whenever something is held: no hold or extension goes past it.

/// A tenant's exposure: micro-units of its account's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exposure {
    /// What open holds may still cost.
    pub held_micros: i64,
    /// What is owed already: how far the balance is below zero.
    pub owed_micros: i64,
    /// What of it no money of the tenant stands for: what the operator lends at worst.
    pub lent_micros: i64,
}

impl Exposure {
    /// That of an account.
    #[must_use]
    pub fn of(balance_micros: i64, held_micros: i64) -> Self {
        Self {
            held_micros,
            owed_micros: balance_micros.saturating_neg().max(0),
            lent_micros: held_micros.saturating_sub(balance_micros).max(0),
        }
    }

    /// The worst case: what is held and what is owed.
    #[must_use]
    pub const fn worst_micros(self) -> i64 {
        self.held_micros.saturating_add(self.owed_micros)
    }

    /// How much more may be held under a cap; below zero where it is passed already, as by a cap that was lowered.
    #[must_use]
    pub const fn room_micros(self, cap_micros: i64) -> i64 {
        cap_micros.saturating_sub(self.worst_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepaid_money_stands_for_its_holds_and_credit_does_not() {
        let prepaid = Exposure::of(100, 30);
        assert_eq!((prepaid.worst_micros(), prepaid.lent_micros, prepaid.room_micros(50)), (30, 0, 20));
        let postpaid = Exposure::of(-40, 30);
        assert_eq!((postpaid.worst_micros(), postpaid.lent_micros), (70, 70));
        let between = Exposure::of(10, 30);
        assert_eq!((between.worst_micros(), between.lent_micros, between.owed_micros), (30, 20, 0));
        assert_eq!(postpaid.room_micros(50), -20);
    }
}
