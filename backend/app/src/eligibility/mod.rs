//! Which ways of connection a tenant may use, by its country and agreement, and why: said before it tries.
//!
//! The operator's [`Policy`] is a list of rules, of which the first that fits decides; what none is against is allowed.
//! A word of the operator for one tenant goes before all rules. To accounts that are billed where the numbers of a country
//! are sold is said apart, by [`Regions`].

mod change;
mod policy;
mod regions;
mod view;

pub(crate) use change::apply;
pub use change::change_terms;
pub(crate) use policy::read_policy;
pub use policy::{policy, put_policy};
use regions::read_regions;
pub use regions::{REGIONS_MAX, Region, Regions, put_regions, regions};
pub use view::{ConnectionView, EligibilityView, NumberCountry, view, view_of};

use crate::{App, Error, snapshot::load::read};
use domain::{
    access::Scope,
    config::{Access, Eligibility},
    country,
    ids::TenantId,
    phone::E164,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rules of the policy at most.
pub const RULES_MAX: usize = 500;
/// Characters of a reason at most.
pub const WHY_MAX: usize = 500;

/// What a tenant has agreed on with the operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Agreement {
    /// It signed up by itself.
    #[default]
    PayAsYouGo,
    /// A contract with the customer.
    CustomerAgreement,
    /// A contract for a whole enterprise.
    Enterprise,
    /// Through a reseller.
    Partner,
}

impl Agreement {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PayAsYouGo, Self::CustomerAgreement, Self::Enterprise, Self::Partner];
}

/// A way of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Connection {
    /// Numbers of the platform, and calls over its carriers.
    CloudCalling,
    /// Trunks of the tenant.
    DirectRouting,
}

/// A rule of the policy. An empty list fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Of which way it speaks.
    pub connection: Connection,
    /// Agreements that it fits.
    #[serde(default)]
    pub agreements: Vec<Agreement>,
    /// Countries of tenants that it fits (ISO 3166-1 alpha-2).
    #[serde(default)]
    pub countries: Vec<String>,
    /// Countries of numbers that it fits; with any, it speaks of buying such numbers alone.
    #[serde(default)]
    pub number_countries: Vec<String>,
    /// Whether it allows or refuses.
    pub allowed: bool,
    /// Why, and what the tenant can do; a rule that refuses must say it.
    #[serde(default)]
    pub why: String,
}

/// What the operator says of all tenants: the first rule that fits decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Policy {
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// What the operator says of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terms {
    /// Its agreement.
    pub agreement: Agreement,
    /// Its country (ISO 3166-1 alpha-2); `None` where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether it may buy numbers and call over carriers, whatever the rules say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_calling: Option<Access>,
    /// Whether it may have trunks, whatever the rules say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_routing: Option<Access>,
    /// What the tenant itself set for emergency calls.
    pub emergency: EmergencyTerms,
}

/// What a tenant set for its emergency calls, beside the addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmergencyTerms {
    /// The country of callers whose number tells none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The number to call back where the caller's own is not owned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_back: Option<E164>,
}

impl Terms {
    pub(crate) fn of(row: &store::tenants::Tenant) -> Result<Self, Error> {
        read("tenants.terms", row.terms.clone())
    }

    pub(crate) fn json(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(Error::internal)
    }
}

impl Policy {
    /// Whether a tenant may use a way of connection; for numbers of a country where one is given.
    #[must_use]
    pub fn access(&self, terms: &Terms, connection: Connection, number_country: Option<&str>) -> Access {
        let own = match connection {
            Connection::CloudCalling => &terms.cloud_calling,
            Connection::DirectRouting => &terms.direct_routing,
        };
        match (own, number_country) {
            (Some(Access::NotAllowed { .. }), _) | (Some(_), None) => own.clone().unwrap_or_default(),
            _ => self.by_rules(terms, connection, number_country),
        }
    }

    fn by_rules(&self, terms: &Terms, connection: Connection, number_country: Option<&str>) -> Access {
        let fits = |rule: &&Rule| {
            let of_number = match number_country {
                Some(country) => rule.number_countries.is_empty() || has(&rule.number_countries, country),
                None => rule.number_countries.is_empty(),
            };
            rule.connection == connection
                && of_number
                && (rule.agreements.is_empty() || rule.agreements.contains(&terms.agreement))
                && (rule.countries.is_empty()
                    || terms.country.as_ref().is_some_and(|country| has(&rule.countries, country)))
        };
        match self.rules.iter().find(fits) {
            Some(rule) if !rule.allowed => Access::NotAllowed { why: rule.why.clone() },
            _ => Access::Allowed,
        }
    }

    /// What of it decides calls.
    pub(crate) fn eligibility(&self, terms: &Terms) -> Eligibility {
        Eligibility {
            cloud_calling: self.access(terms, Connection::CloudCalling, None),
            direct_routing: self.access(terms, Connection::DirectRouting, None),
        }
    }

    /// Whether the rules can be used.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field, such as `rules.2.why`.
    pub fn check(&self) -> Result<(), Error> {
        if self.rules.len() > RULES_MAX {
            return Err(Error::invalid("rules", format!("give {RULES_MAX} rules at most")));
        }
        self.rules.iter().enumerate().try_for_each(|(index, rule)| {
            rule.check()
                .map_err(|(field, message)| Error::invalid(&format!("rules.{index}.{field}"), message))
        })
    }
}

impl Rule {
    fn check(&self) -> Result<(), (&'static str, String)> {
        for (field, codes) in [("countries", &self.countries), ("numberCountries", &self.number_countries)] {
            if let Some(code) = codes.iter().find(|code| !country::is_known(code)) {
                return Err((field, format!("{code:?} is no country: give ISO 3166-1 codes such as SE")));
            }
        }
        if self.connection == Connection::DirectRouting && !self.number_countries.is_empty() {
            return Err((
                "numberCountries",
                "only cloudCalling has numbers to buy: leave it empty".to_owned(),
            ));
        }
        if !self.allowed && self.why.trim().is_empty() {
            return Err((
                "why",
                "say why, and what the tenant can do: it reads this before it tries".to_owned(),
            ));
        }
        if self.why.chars().count() > WHY_MAX {
            return Err(("why", format!("give {WHY_MAX} characters at most")));
        }
        Ok(())
    }
}

fn has(codes: &[String], code: &str) -> bool {
    codes.iter().any(|known| known == code)
}

/// Why a tenant may not have trunks; `None` where it may.
pub(crate) fn no_direct_routing(app: &App, tenant: TenantId) -> Option<String> {
    let live = app.live();
    let tenant = live.tenant(tenant)?;
    tenant.piece.piece.value.eligibility.direct_routing.refusal().map(str::to_owned)
}

/// Refuses numbers of a country to a tenant that may not buy them: 403 `NotEligible`.
pub(crate) async fn check_numbers(app: &App, scope: &Scope, country: &str) -> Result<(), Error> {
    let on = app.db().read();
    let Some(tenant) = scope.tenant() else { return Ok(()) };
    let Some(row) = store::tenants::get(on, scope, tenant).await? else { return Ok(()) };
    let said =
        Said { terms: Terms::of(&row)?, policy: read_policy(on).await?, regions: read_regions(on).await? };
    match said.numbers(country) {
        Access::Allowed => Ok(()),
        Access::NotAllowed { why } => Err(Error::Invalid {
            status: 403,
            code: "NotEligible",
            message: format!("this account may not buy numbers of {country}: {why}"),
            target: Some("countryCode".to_owned()),
            inner: None,
        }),
    }
}

/// All that says whether a tenant may buy numbers.
struct Said {
    terms: Terms,
    policy: Policy,
    regions: Regions,
}

impl Said {
    fn numbers(&self, country: &str) -> Access {
        let by_policy = |of| self.policy.access(&self.terms, Connection::CloudCalling, of);
        let refusal = [by_policy(None), by_policy(Some(country)), self.regions.access(&self.terms, country)];
        refusal.into_iter().find(|access| access.refusal().is_some()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(rules: Value) -> Policy {
        serde_json::from_value(json!({ "rules": rules })).expect("a policy")
    }

    fn terms(agreement: Agreement, country: Option<&str>) -> Terms {
        Terms { agreement, country: country.map(str::to_owned), ..Terms::default() }
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_none_is_against_nothing() {
        let policy = policy(json!([
            { "connection": "directRouting", "agreements": ["enterprise"], "allowed": true },
            { "connection": "directRouting", "countries": ["SE", "DK"], "allowed": true },
            { "connection": "directRouting", "allowed": false, "why": "ask for an enterprise agreement" },
            { "connection": "cloudCalling", "numberCountries": ["GB"], "allowed": false, "why": "no" },
        ]));
        let direct = |terms: &Terms| policy.access(terms, Connection::DirectRouting, None);
        assert_eq!(direct(&terms(Agreement::Enterprise, None)), Access::Allowed);
        assert_eq!(direct(&terms(Agreement::PayAsYouGo, Some("SE"))), Access::Allowed);
        assert!(direct(&terms(Agreement::PayAsYouGo, Some("US"))).refusal().is_some());
        assert!(direct(&terms(Agreement::PayAsYouGo, None)).refusal().is_some());
        let plain = terms(Agreement::PayAsYouGo, None);
        assert_eq!(policy.access(&plain, Connection::CloudCalling, None), Access::Allowed);
        assert_eq!(policy.access(&plain, Connection::CloudCalling, Some("US")), Access::Allowed);
        assert!(policy.access(&plain, Connection::CloudCalling, Some("GB")).refusal().is_some());
    }

    #[test]
    fn a_word_for_one_tenant_goes_before_the_rules() {
        let policy = policy(json!([
            { "connection": "directRouting", "allowed": false, "why": "no" }
        ]));
        let own = Terms { direct_routing: Some(Access::Allowed), ..Terms::default() };
        assert_eq!(policy.access(&own, Connection::DirectRouting, None), Access::Allowed);
        let own =
            Terms { cloud_calling: Some(Access::NotAllowed { why: "unpaid".into() }), ..Terms::default() };
        assert_eq!(policy.access(&own, Connection::CloudCalling, None).refusal(), Some("unpaid"));
    }

    #[test]
    fn a_rule_that_refuses_says_why_and_names_real_countries() {
        for (rule, field) in [
            (json!({ "connection": "directRouting", "allowed": false }), "rules.0.why"),
            (
                json!({ "connection": "directRouting", "allowed": true, "countries": ["XX"] }),
                "rules.0.countries",
            ),
            (
                json!({ "connection": "directRouting", "allowed": true, "numberCountries": ["SE"] }),
                "rules.0.numberCountries",
            ),
        ] {
            let error = policy(json!([rule])).check().expect_err("refused");
            assert!(
                matches!(&error, Error::Invalid { target: Some(target), .. } if target == field),
                "{error:?}"
            );
        }
    }
}
