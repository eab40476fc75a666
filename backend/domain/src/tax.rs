//! Which tax is on an invoice: value-added tax by country, reverse charge within the European Union, or none and why.
//!
//! The rates are the operator's; nothing here knows one. Whether a VAT number is in force is not known here either: its
//! form is checked, and the operator asks the register.

mod vat_number;

pub use vat_number::{VatNumber, is_eu};

use crate::money::divide_rounding_half_up;
use serde::{Deserialize, Serialize};

/// Basis points in the whole: 2,500 of them are 25 %.
pub const BASIS_POINTS: u32 = 10_000;
/// Rates that an operator may set at most: one for each country.
pub const RATES_MAX: usize = 300;

/// A country's rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// What invoices call it: `VAT`, `Moms`, `GST`.
    pub name: String,
    /// Hundredths of a percent, 0 to 10,000.
    pub basis_points: u32,
}

/// What the seller says of taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'a> {
    /// Where the seller is; `None` where it was not said, which takes no tax.
    pub seller_country: Option<&'a str>,
    /// The rates that it takes.
    pub rates: &'a [Rate],
}

/// What is known of who buys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buyer<'a> {
    /// Where it is; one whose country is unknown is treated as if it were at home.
    pub country: Option<&'a str>,
    /// Its VAT number, where its form is right and it is of that country.
    pub vat_number: Option<&'a VatNumber>,
    /// Why no tax is taken from it, in the words of the operator.
    pub exempt: Option<&'a str>,
}

/// Why an invoice has the tax that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Treatment {
    /// A country's rate.
    Taxed,
    /// A business of another country of the European Union accounts for it (Directive 2006/112/EC, article 196).
    ReverseCharge,
    /// The operator exempts this buyer.
    Exempt,
    /// The buyer is outside of where the seller takes tax.
    OutOfScope,
    /// The operator set no tax.
    None,
}

/// The tax of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tax {
    /// Why.
    pub treatment: Treatment,
    /// The country whose tax it is; `None` where there is none.
    pub country: Option<String>,
    /// What it is called; empty where there is none.
    pub name: String,
    /// Hundredths of a percent.
    pub basis_points: u32,
    /// What the invoice must say about it; empty where nothing.
    pub note: String,
}

impl Treatment {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Taxed => "taxed",
            Self::ReverseCharge => "reverseCharge",
            Self::Exempt => "exempt",
            Self::OutOfScope => "outOfScope",
            Self::None => "none",
        }
    }
}

impl Tax {
    fn without(treatment: Treatment, note: &str) -> Self {
        Self { treatment, country: None, name: String::new(), basis_points: 0, note: note.to_owned() }
    }

    fn at(rate: &Rate) -> Self {
        Self {
            treatment: Treatment::Taxed,
            country: Some(rate.country.clone()),
            name: rate.name.clone(),
            basis_points: rate.basis_points,
            note: String::new(),
        }
    }

    /// The tax that comes on top of so many micro-units, rounded half away from zero to a micro-unit.
    #[must_use]
    pub fn on(&self, net_micros: i64) -> i64 {
        divide_rounding_half_up(
            i128::from(net_micros) * i128::from(self.basis_points),
            i128::from(BASIS_POINTS),
        )
    }

    /// The tax that so many micro-units contain already, rounded half away from zero to a micro-unit.
    #[must_use]
    pub fn within(&self, gross_micros: i64) -> i64 {
        let whole = i128::from(BASIS_POINTS) + i128::from(self.basis_points);
        divide_rounding_half_up(i128::from(gross_micros) * i128::from(self.basis_points), whole)
    }
}

/// The tax that this buyer pays.
///
/// At home its country's rate. In another country of the Union a business with a VAT number accounts for it itself, and
/// anybody else pays the rate of its own country where the seller set one, else the seller's. Elsewhere it is a
/// country's rate where the seller set one, and none where not.
#[must_use]
pub fn tax_of(rules: &Rules<'_>, buyer: &Buyer<'_>) -> Tax {
    if let Some(why) = buyer.exempt {
        return Tax::without(Treatment::Exempt, why);
    }
    let Some(home) = rules.seller_country else {
        return Tax::without(Treatment::None, "");
    };
    let rate_of = |country: &str| rules.rates.iter().find(|rate| rate.country == country);
    let at_home = || rate_of(home).map_or_else(|| Tax::without(Treatment::None, ""), Tax::at);
    let country = match buyer.country {
        Some(country) if country != home => country,
        _ => return at_home(),
    };
    let within_union = is_eu(home) && is_eu(country);
    if within_union && buyer.vat_number.is_some_and(|number| number.country() == country) {
        return Tax::without(
            Treatment::ReverseCharge,
            "Reverse charge: the customer accounts for the VAT (Directive 2006/112/EC, article 196).",
        );
    }
    match rate_of(country) {
        Some(rate) => Tax::at(rate),
        None if within_union => at_home(),
        None => {
            Tax::without(Treatment::OutOfScope, "Supplied to a customer abroad: outside the scope of tax.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(country: &str, name: &str, basis_points: u32) -> Rate {
        Rate { country: country.to_owned(), name: name.to_owned(), basis_points }
    }

    fn treated(country: Option<&str>, vat: Option<&str>, exempt: Option<&str>) -> Tax {
        let rates = [rate("SE", "Moms", 2_500), rate("FI", "ALV", 2_550), rate("NO", "MVA", 2_500)];
        let number = vat.and_then(|text| VatNumber::parse(text).ok());
        let rules = Rules { seller_country: Some("SE"), rates: &rates };
        tax_of(&rules, &Buyer { country, vat_number: number.as_ref(), exempt })
    }

    #[test]
    fn hand_counted_taxes_hold() {
        let tax = |basis_points| Tax::at(&rate("SE", "Moms", basis_points));
        // 25 % of 12.345678 is 3.0864195: half a micro-unit goes up.
        assert_eq!(tax(2_500).on(12_345_678), 3_086_420);
        // 25.5 % of 100.00 is 25.50.
        assert_eq!(tax(2_550).on(100_000_000), 25_500_000);
        // 125.00 with 25 % in it holds 25.00; 119.00 with 19 % holds 19.00.
        assert_eq!(tax(2_500).within(125_000_000), 25_000_000);
        assert_eq!(tax(1_900).within(119_000_000), 19_000_000);
        // 10.00 with 7.7 % in it: 10 * 0.077 / 1.077 = 0.7149489...
        assert_eq!(tax(770).within(10_000_000), 714_949);
        // A credit is the mirror of a charge.
        assert_eq!(tax(2_500).on(-12_345_678), -3_086_420);
        assert_eq!(tax(0).on(12_345_678), 0);
    }

    #[test]
    fn at_home_the_rate_is_that_of_home_with_a_vat_number_or_without() {
        for (country, vat) in [
            (Some("SE"), None),
            (Some("SE"), Some("SE556677889901")),
            (None, None),
            (None, Some("DE123456789")),
        ] {
            let tax = treated(country, vat, None);
            assert_eq!((tax.treatment, tax.basis_points), (Treatment::Taxed, 2_500), "{country:?} {vat:?}");
            assert_eq!(tax.country.as_deref(), Some("SE"));
        }
    }

    #[test]
    fn a_business_elsewhere_in_the_union_accounts_for_it_itself_and_a_person_there_pays() {
        let business = treated(Some("DE"), Some("DE123456789"), None);
        assert_eq!((business.treatment, business.on(1_000_000)), (Treatment::ReverseCharge, 0));
        assert!(business.note.contains("article 196"));
        // Its country's own rate where the seller takes it, else the seller's.
        assert_eq!(treated(Some("FI"), None, None).basis_points, 2_550);
        let german = treated(Some("DE"), None, None);
        assert_eq!((german.basis_points, german.country.as_deref()), (2_500, Some("SE")));
        // A number of another country than the buyer's is none.
        assert_eq!(treated(Some("FI"), Some("DE123456789"), None).treatment, Treatment::Taxed);
    }

    #[test]
    fn outside_of_the_union_there_is_tax_only_where_the_seller_takes_it() {
        assert_eq!(treated(Some("US"), None, None).treatment, Treatment::OutOfScope);
        assert_eq!(treated(Some("NO"), None, None).basis_points, 2_500);
    }

    #[test]
    fn an_exemption_goes_before_everything_and_says_why() {
        let tax = treated(Some("SE"), None, Some("diplomatic mission"));
        assert_eq!((tax.treatment, tax.on(1_000_000)), (Treatment::Exempt, 0));
        assert_eq!(tax.note, "diplomatic mission");
    }

    #[test]
    fn a_seller_that_set_nothing_takes_nothing() {
        let rules = Rules { seller_country: None, rates: &[] };
        let tax = tax_of(&rules, &Buyer { country: Some("SE"), ..Buyer::default() });
        assert_eq!(tax.treatment, Treatment::None);
        let rules = Rules { seller_country: Some("SE"), rates: &[] };
        assert_eq!(tax_of(&rules, &Buyer::default()).treatment, Treatment::None);
    }
}
