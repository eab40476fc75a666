//! What an invoice comes to.

use crate::{
    money::{Currency, divide_rounding_half_up},
    tax::Tax,
};
use serde::{Deserialize, Serialize};

/// Currencies that have no smaller unit (ISO 4217).
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF",
];
/// Currencies whose unit has a thousand parts (ISO 4217).
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Digits after the point that amounts of a currency are paid with (ISO 4217).
#[must_use]
pub fn minor_digits(currency: Currency) -> u32 {
    let code = currency.code();
    if WHOLE.contains(&code) {
        0
    } else if THOUSANDTHS.contains(&code) {
        3
    } else {
        2
    }
}

/// An amount in micro-units, rounded half away from zero to what can be paid in its currency.
#[must_use]
pub fn round_to_minor(micros: i64, currency: Currency) -> i64 {
    let step = 10_i64.pow(6 - minor_digits(currency));
    divide_rounding_half_up(i128::from(micros), i128::from(step)).saturating_mul(step)
}

/// What an invoice comes to, in micro-units. The charges are in the ledger already; tax that is not among them, and
/// the rounding, are posted when it is issued, so that ledger and invoice come to the same to the micro-unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// The sum of the lines.
    pub charges_micros: i64,
    /// The tax.
    pub tax_micros: i64,
    /// Whether the tax is among the charges already.
    pub tax_included: bool,
    /// What brings the sum to an amount that can be paid: at most half of the smallest.
    pub rounding_micros: i64,
    /// What is to be paid.
    pub total_micros: i64,
}

impl Totals {
    /// Of charges; `tax_included` says that prices had the tax in them. `None` where it is beyond what an amount can be.
    #[must_use]
    pub fn of(charges_micros: i64, tax: &Tax, tax_included: bool, currency: Currency) -> Option<Self> {
        let tax_micros = if tax_included { tax.within(charges_micros) } else { tax.on(charges_micros) };
        let exact = if tax_included { charges_micros } else { charges_micros.checked_add(tax_micros)? };
        let total_micros = round_to_minor(exact, currency);
        let rounding_micros = total_micros.checked_sub(exact)?;
        Some(Self { charges_micros, tax_micros, tax_included, rounding_micros, total_micros })
    }

    /// The charges without tax.
    #[must_use]
    pub const fn net_micros(&self) -> i64 {
        if self.tax_included {
            self.charges_micros.saturating_sub(self.tax_micros)
        } else {
            self.charges_micros
        }
    }

    /// The tax that is yet to be posted.
    #[must_use]
    pub const fn tax_to_post(&self) -> i64 {
        if self.tax_included { 0 } else { self.tax_micros }
    }

    /// The same with all signs turned: of a credit note about the whole of it.
    #[must_use]
    pub const fn turned(&self) -> Self {
        Self {
            charges_micros: self.charges_micros.saturating_neg(),
            tax_micros: self.tax_micros.saturating_neg(),
            tax_included: self.tax_included,
            rounding_micros: self.rounding_micros.saturating_neg(),
            total_micros: self.total_micros.saturating_neg(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::Treatment;
    use proptest::prelude::*;

    fn tax(basis_points: u32) -> Tax {
        Tax {
            treatment: Treatment::Taxed,
            country: Some("SE".to_owned()),
            name: "Moms".to_owned(),
            basis_points,
            note: String::new(),
        }
    }

    #[test]
    fn hand_counted_totals_hold() {
        // 12.345678 and 25 % of it, 3.086420, are 15.432098: 15.43 is paid, and 0.002098 is let go.
        let totals = Totals::of(12_345_678, &tax(2_500), false, Currency::USD).expect("in range");
        assert_eq!(
            (totals.tax_micros, totals.rounding_micros, totals.total_micros),
            (3_086_420, -2_098, 15_430_000)
        );
        // 125.00 with 25 % in it: 100.00 and 25.00.
        let totals = Totals::of(125_000_000, &tax(2_500), true, Currency::USD).expect("in range");
        assert_eq!(
            (totals.net_micros(), totals.tax_micros, totals.tax_to_post()),
            (100_000_000, 25_000_000, 0)
        );
        assert_eq!((totals.rounding_micros, totals.total_micros), (0, 125_000_000));
        // 99.50 yen are paid as 100, 1.2345 dinars as 1.235.
        let yen = "JPY".parse().expect("a currency");
        assert_eq!(Totals::of(99_500_000, &tax(0), false, yen).expect("in range").total_micros, 100_000_000);
        let dinar = "KWD".parse().expect("a currency");
        assert_eq!(Totals::of(1_234_500, &tax(0), false, dinar).expect("in range").total_micros, 1_235_000);
        assert_eq!(Totals::of(i64::MAX, &tax(2_500), false, Currency::USD), None);
    }

    proptest! {
        #[test]
        fn parts_make_the_total_to_the_micro_unit_and_a_credit_is_the_mirror(
            charges in -1_000_000_000_000_i64..1_000_000_000_000, basis_points in 0_u32..10_000, included: bool,
        ) {
            let totals = Totals::of(charges, &tax(basis_points), included, Currency::USD).expect("in range");
            prop_assert_eq!(
                totals.charges_micros + totals.tax_to_post() + totals.rounding_micros, totals.total_micros
            );
            prop_assert_eq!(totals.total_micros % 10_000, 0);
            prop_assert!(totals.rounding_micros.abs() <= 5_000);
            prop_assert_eq!(Totals::of(-charges, &tax(basis_points), included, Currency::USD), Some(totals.turned()));
        }
    }
}
