//! What the operator sets for all invoices.

use super::Party;
use crate::{App, Error};
use domain::{
    access::{Actor, Permission, Scope},
    billing::Terms,
    country,
    tax::{BASIS_POINTS, RATES_MAX, Rate, Rules},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::platform;

/// The name under which it is kept, and which the audit has.
pub(crate) const NAME: &str = "billing";
/// Characters of the name of a tax.
const TAX_NAME_MAX: usize = 20;
/// Characters of what stands below each invoice.
const FOOT_MAX: usize = 1_000;

/// Who sells, which taxes it takes, and when invoices are to be paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct BillingSettings {
    /// Who sells.
    pub seller: Party,
    /// The rates of tax, by country.
    pub rates: Vec<Rate>,
    /// When invoices are to be paid, and what happens when they are not.
    pub terms: Terms,
    /// What stands below each invoice: how to pay.
    pub foot: String,
}

impl BillingSettings {
    /// What decides about tax.
    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { seller_country: self.seller.country.as_deref(), rates: &self.rates }
    }

    fn tidy(mut self) -> Self {
        self.seller = self.seller.tidy();
        for rate in &mut self.rates {
            rate.country = rate.country.trim().to_ascii_uppercase();
            rate.name = rate.name.trim().to_owned();
        }
        self.foot = self.foot.trim().to_owned();
        self
    }

    fn check(&self) -> Result<(), Error> {
        self.seller.check("seller.")?;
        if self.rates.len() > RATES_MAX {
            return Err(Error::invalid("rates", format!("give {RATES_MAX} rates at most")));
        }
        let mut countries = BTreeSet::new();
        for (index, rate) in self.rates.iter().enumerate() {
            let invalid = |field: &str, message: String| {
                Err(Error::invalid(&format!("rates.{index}.{field}"), message))
            };
            if !country::is_known(&rate.country) {
                let code = &rate.country;
                return invalid(
                    "country",
                    format!("{code:?} is no country: give an ISO 3166-1 code such as SE"),
                );
            }
            if !countries.insert(&rate.country) {
                return invalid(
                    "country",
                    format!("{} has a rate already: one country has one", rate.country),
                );
            }
            if rate.basis_points > BASIS_POINTS {
                return invalid("basisPoints", format!("give 0 to {BASIS_POINTS}: 2500 is 25 %"));
            }
            if rate.name.is_empty() || rate.name.chars().count() > TAX_NAME_MAX {
                return invalid(
                    "name",
                    format!("give its name in 1 to {TAX_NAME_MAX} characters, such as VAT"),
                );
            }
        }
        if let Err((field, message)) = self.terms.check() {
            return Err(Error::invalid(&format!("terms.{field}"), message));
        }
        if self.foot.chars().count() > FOOT_MAX {
            return Err(Error::invalid("foot", format!("give {FOOT_MAX} characters at most")));
        }
        Ok(())
    }
}

/// What is set for all invoices. Operators only.
///
/// # Errors
/// [`Error::Denied`].
pub async fn settings(app: &App, actor: &Actor) -> Result<BillingSettings, Error> {
    actor.scope(Permission::Operate)?;
    read(app.db().read()).await
}

/// Sets it, in the place of what was set: it holds for what is issued from now on. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] by field.
pub async fn put_settings(
    app: &App,
    actor: &Actor,
    settings: BillingSettings,
) -> Result<BillingSettings, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let settings = settings.tidy();
    settings.check()?;
    crate::platform::put(app, (actor, &scope), (NAME, "billing.update"), &settings, async |tx| {
        read(tx).await
    })
    .await?;
    Ok(settings)
}

pub(super) async fn read(on: &impl store::On) -> Result<BillingSettings, Error> {
    let scope = Scope::system("what is set for invoices is the platform's");
    match platform::value(on, &scope, NAME).await? {
        Some(json) => serde_json::from_slice(&json).map_err(Error::internal),
        None => Ok(BillingSettings::default()),
    }
}
