//! Destinations of toll fraud: closed for every tenant until they are opened for it one by one.
//!
//! International revenue share fraud pumps calls into ranges that pay the terminating side a share: satellite and
//! international premium codes, premium ranges of countries, and small states whose numbers are resold for it. The list
//! is made from the ITU's codes (E.164 list of assigned country codes) and national numbering plans.

use crate::phone::E164;

/// A range of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HighRisk {
    /// Digits without `+`.
    pub prefix: &'static str,
    /// What it is, for people.
    pub what: &'static str,
}

/// The list, in the order of its digits.
pub const HIGH_RISK: &[HighRisk] = &[
    risk("1264", "Anguilla: resold Caribbean ranges behind a North American number"),
    risk("1284", "British Virgin Islands: resold Caribbean ranges behind a North American number"),
    risk("1473", "Grenada: resold Caribbean ranges behind a North American number"),
    risk("1649", "Turks and Caicos Islands: resold Caribbean ranges behind a North American number"),
    risk("1664", "Montserrat: resold Caribbean ranges behind a North American number"),
    risk("1767", "Dominica: resold Caribbean ranges behind a North American number"),
    risk("1784", "Saint Vincent and the Grenadines: resold Caribbean ranges behind a North American number"),
    risk("1900", "North America: premium 1-900 numbers"),
    risk("1976", "North America: premium exchanges"),
    risk("216", "Tunisia: revenue-share ranges"),
    risk("220", "Gambia: revenue-share ranges"),
    risk("222", "Mauritania: revenue-share ranges"),
    risk("224", "Guinea: revenue-share ranges"),
    risk("231", "Liberia: revenue-share ranges"),
    risk("232", "Sierra Leone: revenue-share ranges"),
    risk("239", "São Tomé and Príncipe: revenue-share ranges"),
    risk("245", "Guinea-Bissau: revenue-share ranges"),
    risk("246", "Diego Garcia"),
    risk("247", "Ascension Island"),
    risk("248", "Seychelles: revenue-share ranges"),
    risk("252", "Somalia: revenue-share ranges"),
    risk("257", "Burundi: revenue-share ranges"),
    risk("265", "Malawi: revenue-share ranges"),
    risk("269", "Comoros: revenue-share ranges"),
    risk("290", "Saint Helena and Tristan da Cunha"),
    risk("3389", "France: premium 089 numbers"),
    risk("37181", "Latvia: numbers with a shared charge"),
    risk("37190", "Latvia: premium numbers"),
    risk("39892", "Italy: premium numbers"),
    risk("39894", "Italy: premium numbers"),
    risk("39895", "Italy: premium numbers"),
    risk("39899", "Italy: premium numbers"),
    risk("423", "Liechtenstein: resold ranges"),
    risk("4470", "United Kingdom: personal 070 numbers, charged like premium ones"),
    risk("4487", "United Kingdom: 087 service numbers with a shared charge"),
    risk("449", "United Kingdom: premium 09 numbers"),
    risk("46900", "Sweden: premium 0900 numbers"),
    risk("46939", "Sweden: premium 0939 numbers"),
    risk("46944", "Sweden: premium 0944 numbers"),
    risk("49137", "Germany: televoting numbers"),
    risk("49900", "Germany: premium 0900 numbers"),
    risk("500", "Falkland Islands"),
    risk("53", "Cuba: very high termination cost"),
    risk("61190", "Australia: premium 190 numbers"),
    risk("672", "Norfolk Island and Australian external territories"),
    risk("674", "Nauru"),
    risk("675", "Papua New Guinea: revenue-share ranges"),
    risk("677", "Solomon Islands"),
    risk("678", "Vanuatu"),
    risk("682", "Cook Islands"),
    risk("683", "Niue"),
    risk("685", "Samoa"),
    risk("686", "Kiribati"),
    risk("688", "Tuvalu"),
    risk("690", "Tokelau"),
    risk("808", "International shared cost service"),
    risk("870", "Inmarsat satellite network"),
    risk("878", "Universal personal telecommunications"),
    risk("881", "Global mobile satellite networks (Iridium, Globalstar)"),
    risk("882", "International networks (Thuraya and others)"),
    risk("883", "International networks (iNum and others)"),
    risk("979", "International premium rate service"),
];

const fn risk(prefix: &'static str, what: &'static str) -> HighRisk {
    HighRisk { prefix, what }
}

/// The range of the list that a number lies in: the longest one.
#[must_use]
pub fn of(number: E164) -> Option<&'static HighRisk> {
    let digits = number.digits();
    let begins = |range: &&HighRisk| digits.starts_with(range.prefix);
    HIGH_RISK.iter().filter(begins).max_by_key(|range| range.prefix.len())
}

/// Whether one of the opened prefixes opens a number: each is a prefix of the number, whether it covers a range of the
/// list or lies in one.
#[must_use]
pub fn is_open(opened: &[String], number: E164) -> bool {
    let digits = number.digits();
    opened.iter().any(|prefix| digits.starts_with(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        E164::parse(text).expect("a number")
    }

    #[test]
    fn satellites_premium_numbers_and_resold_islands_are_on_the_list_and_ordinary_numbers_are_not() {
        for risky in [
            "+881612345678",
            "+882161234567",
            "+883510012345",
            "+97912345678",
            "+449012345678",
            "+12645550100",
            "+247612345",
        ] {
            assert!(of(number(risky)).is_some(), "{risky}");
        }
        for plain in [
            "+12065550100",
            "+4684650040",
            "+442079460000",
            "+447700900123",
            "+61255500000",
            "+4915112345678",
        ] {
            assert_eq!(of(number(plain)), None, "{plain}");
        }
    }

    #[test]
    fn a_range_is_opened_by_itself_by_what_covers_it_and_in_part() {
        let satellite = number("+881612345678");
        assert!(is_open(&["881".into()], satellite) && is_open(&["88".into()], satellite));
        assert!(is_open(&["88161".into()], satellite) && !is_open(&["88171".into()], satellite));
        assert!(!is_open(&[], satellite));
    }

    #[test]
    fn every_range_is_digits_with_an_explanation_and_stands_once() {
        let mut seen = std::collections::BTreeSet::new();
        for range in HIGH_RISK {
            assert!(range.prefix.bytes().all(|byte| byte.is_ascii_digit()) && !range.what.is_empty());
            assert!(seen.insert(range.prefix), "{}", range.prefix);
        }
    }
}
