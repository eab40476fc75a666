//! VAT numbers of the European Union, by their form.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The states of the Union: ISO 3166-1 code, prefix of the number, fewest and most characters after it, and whether all
/// of them are digits (as the Commission's register VIES lists them).
#[rustfmt::skip]
const FORMS: [(&str, &str, usize, usize, bool); 27] = [
    ("AT", "AT", 9, 9, false), ("BE", "BE", 10, 10, true), ("BG", "BG", 9, 10, true), ("CY", "CY", 9, 9, false),
    ("CZ", "CZ", 8, 10, true), ("DE", "DE", 9, 9, true), ("DK", "DK", 8, 8, true), ("EE", "EE", 9, 9, true),
    ("ES", "ES", 9, 9, false), ("FI", "FI", 8, 8, true), ("FR", "FR", 11, 11, false), ("GR", "EL", 9, 9, true),
    ("HR", "HR", 11, 11, true), ("HU", "HU", 8, 8, true), ("IE", "IE", 8, 9, false), ("IT", "IT", 11, 11, true),
    ("LT", "LT", 9, 12, true), ("LU", "LU", 8, 8, true), ("LV", "LV", 11, 11, true), ("MT", "MT", 8, 8, true),
    ("NL", "NL", 12, 12, false), ("PL", "PL", 10, 10, true), ("PT", "PT", 9, 9, true), ("RO", "RO", 2, 10, true),
    ("SE", "SE", 12, 12, true), ("SI", "SI", 8, 8, true), ("SK", "SK", 10, 10, true),
];

/// Whether a country (ISO 3166-1 alpha-2) is in the European Union.
#[must_use]
pub fn is_eu(country: &str) -> bool {
    FORMS.iter().any(|(code, ..)| *code == country)
}

/// A VAT number of the Union whose form is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VatNumber(String);

/// A text that has not the form of a VAT number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a VAT number is the two letters of its state and the digits after them, such as DE123456789")]
pub struct BadVatNumber;

impl VatNumber {
    /// Reads one; spaces, dots and hyphens are left out.
    ///
    /// # Errors
    /// [`BadVatNumber`].
    pub fn parse(text: &str) -> Result<Self, BadVatNumber> {
        let bare: String = text
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '.' | '-'))
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let form = FORMS.iter().find(|(_, prefix, ..)| bare.starts_with(prefix)).ok_or(BadVatNumber)?;
        let (_, prefix, fewest, most, digits) = *form;
        let rest = &bare.as_bytes()[prefix.len()..];
        let fits = |byte: &u8| byte.is_ascii_digit() || (!digits && byte.is_ascii_uppercase());
        let some_digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count() >= rest.len() / 2;
        if (fewest..=most).contains(&rest.len()) && rest.iter().all(fits) && some_digits {
            Ok(Self(bare))
        } else {
            Err(BadVatNumber)
        }
    }

    /// Its state (ISO 3166-1 alpha-2).
    #[must_use]
    pub fn country(&self) -> &'static str {
        let form = FORMS.iter().find(|(_, prefix, ..)| self.0.starts_with(prefix));
        form.map_or("", |(country, ..)| *country)
    }
}

impl fmt::Display for VatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<VatNumber> for String {
    fn from(number: VatNumber) -> Self {
        number.0
    }
}

impl TryFrom<String> for VatNumber {
    type Error = BadVatNumber;
    fn try_from(text: String) -> Result<Self, BadVatNumber> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_by_the_form_of_its_state_and_no_other() {
        let of = |text: &str| VatNumber::parse(text).ok().map(|number| number.country());
        for (text, country) in [
            ("DE123456789", "DE"),
            ("de 123.456-789", "DE"),
            ("ATU12345678", "AT"),
            ("EL123456789", "GR"),
            ("NL123456789B01", "NL"),
            ("FRXX123456789", "FR"),
            ("SE556677889901", "SE"),
            ("IE1234567WA", "IE"),
        ] {
            assert_eq!(of(text), Some(country), "{text}");
        }
        for text in [
            "",
            "DE",
            "DE12345678",
            "DE12345678A",
            "GR123456789",
            "US123456789",
            "GB123456789",
            "FRåå123456789",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
