//! To accounts that are billed where, and under which agreement, the numbers of a country are sold. A country that no
//! region names is sold to everybody.

use super::{Agreement, Terms, has};
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    config::Access,
    country,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::platform;

/// Regions at most.
pub const REGIONS_MAX: usize = 1_000;
/// The name under which they are kept.
const NAME: &str = "number-regions";
/// Billing countries that a refusal names.
const SHOWN: usize = 10;

/// To whom numbers of a country are sold. Several of one country add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Region {
    /// The country of the numbers (ISO 3166-1 alpha-2).
    pub number_country: String,
    /// Billing countries of the accounts; empty for any that the operator has written down.
    #[serde(default)]
    pub billing_countries: Vec<String>,
    /// Agreements of the accounts; empty for any.
    #[serde(default)]
    pub agreements: Vec<Agreement>,
}

/// All regions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Regions {
    /// In any order.
    pub regions: Vec<Region>,
}

impl Region {
    fn fits(&self, terms: &Terms) -> bool {
        (self.agreements.is_empty() || self.agreements.contains(&terms.agreement))
            && terms.country.as_ref().is_some_and(|billed| {
                self.billing_countries.is_empty() || has(&self.billing_countries, billed)
            })
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let unknown = |code: &String| !country::is_known(code);
        let named = |code: &str| format!("{code:?} is no country: give ISO 3166-1 codes such as SE");
        if unknown(&self.number_country) {
            return Err(("numberCountry", named(&self.number_country)));
        }
        if let Some(code) = self.billing_countries.iter().find(|code| unknown(code)) {
            return Err(("billingCountries", named(code)));
        }
        Ok(())
    }
}

impl Regions {
    /// Whether numbers of a country are sold to an account with these terms, and why not.
    #[must_use]
    pub fn access(&self, terms: &Terms, number_country: &str) -> Access {
        let of_country: Vec<&Region> =
            self.regions.iter().filter(|region| region.number_country == number_country).collect();
        if of_country.is_empty() || of_country.iter().any(|region| region.fits(terms)) {
            return Access::Allowed;
        }
        let Some(billed) = &terms.country else {
            let why = "they are sold by the country in which an account is billed, and nobody has said yours: ask the operator to write it down";
            return Access::NotAllowed { why: why.to_owned() };
        };
        let of_billing =
            |region: &&&Region| region.billing_countries.is_empty() || has(&region.billing_countries, billed);
        let why = if of_country.iter().any(|region| of_billing(&region)) {
            format!("accounts billed in {billed} need another agreement for them: ask the operator for one")
        } else {
            let countries: BTreeSet<&str> =
                of_country.iter().flat_map(|region| &region.billing_countries).map(String::as_str).collect();
            let more = if countries.len() > SHOWN { ", …" } else { "" };
            let countries: Vec<&str> = countries.into_iter().take(SHOWN).collect();
            format!(
                "they are sold to accounts billed in {}{more}, and yours is billed in {billed}: ask the operator for an agreement",
                countries.join(", ")
            )
        };
        Access::NotAllowed { why }
    }

    /// Whether they can be used.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field, such as `regions.2.billingCountries`.
    pub fn check(&self) -> Result<(), Error> {
        if self.regions.len() > REGIONS_MAX {
            return Err(Error::invalid("regions", format!("give {REGIONS_MAX} regions at most")));
        }
        self.regions.iter().enumerate().try_for_each(|(index, region)| {
            region
                .check()
                .map_err(|(field, message)| Error::invalid(&format!("regions.{index}.{field}"), message))
        })
    }
}

/// The regions. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn regions(app: &App, actor: &Actor) -> Result<Regions, Error> {
    actor.scope(Permission::Operate)?;
    read_regions(app.db().read()).await
}

/// Puts regions into the place of those that were there; the next search and the next purchase are held to them, numbers
/// that are sold stay with their tenants. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_regions(app: &App, actor: &Actor, regions: Regions) -> Result<Regions, Error> {
    let scope = actor.scope(Permission::Operate)?;
    regions.check()?;
    crate::platform::put(app, (actor, &scope), (NAME, "eligibility.regions.update"), &regions, async |tx| {
        read_regions(tx).await
    })
    .await?;
    Ok(regions)
}

pub(super) async fn read_regions(on: &impl store::On) -> Result<Regions, Error> {
    let scope = Scope::system("where numbers are sold is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(Regions::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(numbers: &str, billing: &[&str], agreements: &[Agreement]) -> Region {
        Region {
            number_country: numbers.to_owned(),
            billing_countries: billing.iter().map(|code| (*code).to_owned()).collect(),
            agreements: agreements.to_vec(),
        }
    }

    fn billed(country: Option<&str>, agreement: Agreement) -> Terms {
        Terms { agreement, country: country.map(str::to_owned), ..Terms::default() }
    }

    #[test]
    fn numbers_are_sold_where_a_region_says_so_and_everywhere_where_none_speaks_of_them() {
        use Agreement::{Enterprise, PayAsYouGo};
        let regions = Regions {
            regions: vec![
                region("SE", &["SE", "DK"], &[]),
                region("SE", &["US"], &[Enterprise]),
                region("CH", &[], &[Enterprise]),
            ],
        };
        let why = |numbers: &str, country: Option<&str>, agreement| {
            regions.access(&billed(country, agreement), numbers).refusal().map(str::to_owned)
        };
        assert_eq!(why("GB", None, PayAsYouGo), None);
        assert_eq!(why("SE", Some("DK"), PayAsYouGo), None);
        assert_eq!(why("SE", Some("US"), Enterprise), None);
        assert_eq!(why("CH", Some("JP"), Enterprise), None);
        for (numbers, country, agreement, said) in [
            ("SE", None, PayAsYouGo, "nobody has said yours"),
            ("CH", None, Enterprise, "nobody has said yours"),
            ("SE", Some("US"), PayAsYouGo, "need another agreement"),
            ("CH", Some("US"), PayAsYouGo, "need another agreement"),
            ("SE", Some("JP"), Enterprise, "billed in DK, SE, US, and yours is billed in JP"),
        ] {
            let why = why(numbers, country, agreement).unwrap_or_default();
            assert!(why.contains(said), "{numbers} to {country:?}: {why}");
        }
    }

    #[test]
    fn regions_name_real_countries() {
        for (wrong, field) in [
            (region("XX", &[], &[]), "regions.0.numberCountry"),
            (region("SE", &["SE", "sweden"], &[]), "regions.0.billingCountries"),
        ] {
            let error = Regions { regions: vec![wrong] }.check().expect_err("refused");
            assert!(
                matches!(&error, Error::Invalid { target: Some(target), .. } if target == field),
                "{error:?}"
            );
        }
        let many = Regions { regions: vec![region("SE", &[], &[]); REGIONS_MAX + 1] };
        assert!(many.check().is_err());
    }
}
