//! Who sells and who buys, as it stands on an invoice.

use crate::Error;
use domain::{
    billing::Zone,
    country,
    tax::{VatNumber, is_eu},
};
use serde::{Deserialize, Serialize};

/// Lines of an address at most.
pub const ADDRESS_LINES_MAX: usize = 6;
/// Characters of a name or a line at most.
pub const TEXT_MAX: usize = 120;
/// Characters of a number that a tax office gives.
const TAX_NUMBER_MAX: usize = 30;
/// Characters of a mail address at most (RFC 5321).
const EMAIL_MAX: usize = 254;
/// Characters of the reason for an exemption.
const EXEMPTION_MAX: usize = 300;

/// A company or a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Party {
    /// Its legal name.
    pub name: String,
    /// Street, postal code, city, in lines.
    pub address: Vec<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its VAT number, or what else a tax office gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
    /// Where invoices go, or come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// To whom a tenant's invoices are made out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Profile {
    /// Who buys.
    pub party: Party,
    /// In which zone months end.
    pub zone: Zone,
    /// Why no tax is taken; said by the operator alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
}

impl Party {
    /// Its VAT number, where it has the form of one of the Union.
    #[must_use]
    pub fn vat_number(&self) -> Option<VatNumber> {
        self.tax_number.as_deref().and_then(|text| VatNumber::parse(text).ok())
    }

    /// The same without blanks around what it says, and without what says nothing.
    #[must_use]
    pub(super) fn tidy(mut self) -> Self {
        let text =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        self.name = self.name.trim().to_owned();
        self.address = self.address.into_iter().filter_map(|line| text(Some(line))).collect();
        self.country = text(self.country).map(|code| code.to_ascii_uppercase());
        self.tax_number = text(self.tax_number).map(|number| number.to_ascii_uppercase());
        self.email = text(self.email);
        self
    }

    /// Whether this can stand on an invoice; fields are named below `at`.
    pub(super) fn check(&self, at: &str) -> Result<(), Error> {
        let invalid = |field: &str, message: String| Err(Error::invalid(&format!("{at}{field}"), message));
        if self.name.chars().count() > TEXT_MAX {
            return invalid("name", format!("give {TEXT_MAX} characters at most"));
        }
        let is_long = |line: &String| line.chars().count() > TEXT_MAX;
        if self.address.len() > ADDRESS_LINES_MAX || self.address.iter().any(is_long) {
            let message = format!("give {ADDRESS_LINES_MAX} lines of {TEXT_MAX} characters at most");
            return invalid("address", message);
        }
        if let Some(code) = self.country.as_deref().filter(|code| !country::is_known(code)) {
            return invalid("country", format!("{code:?} is no country: give an ISO 3166-1 code such as SE"));
        }
        if let Some(number) = &self.tax_number {
            let of_union = self.country.as_deref().filter(|code| is_eu(code));
            if number.chars().count() > TAX_NUMBER_MAX {
                return invalid("taxNumber", format!("give {TAX_NUMBER_MAX} characters at most"));
            }
            if let Some(country) = of_union
                && self.vat_number().is_none_or(|number| number.country() != country)
            {
                let message = format!(
                    "{number:?} has not the form of a VAT number of {country}: write it with the letters of its state, \
                     such as DE123456789, or leave it out"
                );
                return invalid("taxNumber", message);
            }
        }
        match &self.email {
            Some(email)
                if email.len() > EMAIL_MAX || !email.contains('@') || email.contains(char::is_whitespace) =>
            {
                invalid("email", format!("{email:?} is no mail address"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a reason for an exemption can be kept.
pub(super) fn check_exemption(why: &str) -> Result<(), Error> {
    if why.is_empty() || why.chars().count() > EXEMPTION_MAX {
        let message = format!("say why in 1 to {EXEMPTION_MAX} characters: it stands on the invoice");
        return Err(Error::invalid("exemption", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(party: Party) -> Option<String> {
        match party.tidy().check("") {
            Err(Error::Invalid { target, .. }) => target,
            _ => None,
        }
    }

    #[test]
    fn what_cannot_stand_on_an_invoice_is_refused_by_field() {
        let some = |text: &str| Some(text.to_owned());
        let of = |country: &str, number: &str| Party {
            country: some(country),
            tax_number: some(number),
            ..Party::default()
        };
        assert_eq!(wrong(Party::default()), None);
        assert_eq!(wrong(of("de", "de 123456789")), None);
        assert_eq!(wrong(of("SE", "DE123456789")).as_deref(), Some("taxNumber"));
        assert_eq!(wrong(of("DE", "12")).as_deref(), Some("taxNumber"));
        assert_eq!(wrong(of("US", "12-3456789")), None);
        assert_eq!(wrong(of("XX", "1")).as_deref(), Some("country"));
        assert_eq!(wrong(Party { email: some("nobody"), ..Party::default() }).as_deref(), Some("email"));
        assert_eq!(wrong(Party { name: "x".repeat(121), ..Party::default() }).as_deref(), Some("name"));
        assert_eq!(
            wrong(Party { address: vec!["x".into(); 7], ..Party::default() }).as_deref(),
            Some("address")
        );
    }
}
