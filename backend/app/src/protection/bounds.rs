//! The operator's bounds around what a tenant sets.

use super::SpendingDefault;
use crate::Error;
use domain::{
    config::{PREFIXES_MAX, Protection},
    country, high_risk,
    phone::E164,
    velocity::Limits,
};
use serde::{Deserialize, Serialize};

/// A prefix that no number has (their first digit is never 0): with it alone allowed, nothing is.
const NOTHING: &str = "0";
/// Digits of a number that stands for a whole prefix.
const EXAMPLE_DIGITS: usize = 11;

/// What a tenant may set at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Bounds {
    /// Countries that may be called (ISO 3166-1 alpha-2); empty is all of them.
    pub allowed_countries: Vec<String>,
    /// Prefixes that may not be called.
    pub blocked_prefixes: Vec<String>,
    /// Whether the tenant may open high-risk prefixes by itself.
    pub may_open_high_risk: bool,
    /// The most that one call may cost, micro-units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_call_micros: Option<i64>,
    /// The most that a day (UTC) may cost, micro-units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_day_micros: Option<i64>,
    /// The most that the tenant may owe at worst, micro-units; `None` is the platform's default for its currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exposure_micros: Option<i64>,
    /// How fast the tenant may spend; what is not set is the platform's default for its currency.
    #[serde(skip_serializing_if = "is_unset")]
    pub velocity: Limits,
    /// Whether calls may be sold below what the carrier asks.
    pub allow_below_cost: bool,
}

fn is_unset(limits: &Limits) -> bool {
    *limits == Limits::default()
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            allowed_countries: Vec::new(),
            blocked_prefixes: Vec::new(),
            may_open_high_risk: true,
            max_call_micros: None,
            max_day_micros: None,
            max_exposure_micros: None,
            velocity: Limits::default(),
            allow_below_cost: false,
        }
    }
}

impl Bounds {
    /// Whether the bounds themselves can be used.
    ///
    /// # Errors
    /// [`Error::Invalid`] by field.
    pub(super) fn check(&self) -> Result<(), Error> {
        let as_set = Protection {
            allowed_countries: self.allowed_countries.clone(),
            blocked_prefixes: self.blocked_prefixes.clone(),
            max_call_micros: self.max_call_micros,
            max_day_micros: self.max_day_micros,
            max_exposure_micros: self.max_exposure_micros,
            velocity: self.velocity,
            ..Protection::default()
        };
        as_set.check().map_err(super::change::faulty)
    }

    /// These, and what the platform says where they say nothing.
    #[must_use]
    pub(crate) fn or(&self, default: &SpendingDefault) -> Self {
        Self {
            max_exposure_micros: self.max_exposure_micros.or(default.max_exposure_micros),
            velocity: self.velocity.or(&default.velocity),
            ..self.clone()
        }
    }

    /// What of a tenant's own settings holds.
    pub(crate) fn narrow(&self, own: &Protection) -> Protection {
        let mut held = Protection { allow_below_cost: self.allow_below_cost, ..own.clone() };
        if !self.allowed_countries.is_empty() {
            let is_open = |code: &String| self.allowed_countries.contains(code);
            if own.allowed_countries.is_empty() && own.allowed_prefixes.is_empty() {
                held.allowed_countries.clone_from(&self.allowed_countries);
            } else {
                held.allowed_countries.retain(is_open);
                held.allowed_prefixes.retain(|prefix| country_of(prefix).is_some_and(|code| is_open(&code)));
                if held.allowed_countries.is_empty() && held.allowed_prefixes.is_empty() {
                    held.allowed_prefixes.push(NOTHING.to_owned());
                }
            }
        }
        for prefix in &self.blocked_prefixes {
            // A longer prefix that the tenant allows would win over a shorter one that is blocked.
            held.allowed_prefixes.retain(|allowed| !allowed.starts_with(prefix.as_str()));
            if !held.blocked_prefixes.contains(prefix) {
                held.blocked_prefixes.push(prefix.clone());
            }
        }
        held.blocked_prefixes.truncate(2 * PREFIXES_MAX);
        if !self.may_open_high_risk {
            held.high_risk_prefixes.clear();
        }
        held.max_call_micros = least(own.max_call_micros, self.max_call_micros);
        held.max_day_micros = least(own.max_day_micros, self.max_day_micros);
        held.max_exposure_micros = least(own.max_exposure_micros, self.max_exposure_micros);
        held.velocity = own.velocity.narrow(&self.velocity);
        held
    }

    /// Refuses what a tenant may not set.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field, and what the operator allows.
    pub(super) fn allow(&self, own: &Protection) -> Result<(), Error> {
        let countries = self.allowed_countries.join(", ");
        let beyond =
            |code: &&String| !self.allowed_countries.is_empty() && !self.allowed_countries.contains(code);
        if let Some(code) = own.allowed_countries.iter().find(beyond) {
            let message =
                format!("the operator opened {countries} for this account, not {code}: ask the operator");
            return Err(Error::invalid("allowedCountries", message));
        }
        if !self.may_open_high_risk && !own.high_risk_prefixes.is_empty() {
            let message =
                "high-risk destinations are opened by the operator for this account: ask the operator";
            return Err(Error::invalid("highRiskPrefixes", message));
        }
        if let Some(prefix) = own.high_risk_prefixes.iter().find(|prefix| !is_high_risk(prefix)) {
            let message = format!(
                "+{prefix} is no high-risk destination, and needs no opening: GET /api/v1/protection lists them"
            );
            return Err(Error::invalid("highRiskPrefixes", message));
        }
        cap("caps.perCall", own.max_call_micros, self.max_call_micros)?;
        cap("caps.perDay", own.max_day_micros, self.max_day_micros)?;
        cap("caps.exposure", own.max_exposure_micros, self.max_exposure_micros)?;
        let paces = [
            ("tenant", own.velocity.tenant, self.velocity.tenant),
            ("destination", own.velocity.destination, self.velocity.destination),
            ("caller", own.velocity.caller, self.velocity.caller),
        ];
        for (of, own, most) in paces {
            cap(&format!("velocity.{of}.perHour"), own.per_hour_micros, most.per_hour_micros)?;
            cap(&format!("velocity.{of}.perDay"), own.per_day_micros, most.per_day_micros)?;
        }
        Ok(())
    }
}

fn cap(field: &str, own: Option<i64>, most: Option<i64>) -> Result<(), Error> {
    match (own, most) {
        (Some(own), Some(most)) if own > most => Err(Error::invalid(
            field,
            format!("the operator allows {most} micro-units at most: ask the operator"),
        )),
        _ => Ok(()),
    }
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether a prefix covers an entry of the list, or lies in one.
fn is_high_risk(prefix: &str) -> bool {
    high_risk::HIGH_RISK.iter().any(|risk| risk.prefix.starts_with(prefix) || prefix.starts_with(risk.prefix))
}

/// The country of the numbers with a prefix.
fn country_of(prefix: &str) -> Option<String> {
    let example = format!("+{prefix:0<EXAMPLE_DIGITS$}");
    country::of(E164::parse(&example).ok()?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(json: serde_json::Value) -> Protection {
        serde_json::from_value(json).expect("a protection")
    }

    #[test]
    fn a_tenant_without_wishes_has_the_operators_countries_and_caps() {
        let bounds = Bounds {
            allowed_countries: vec!["SE".into(), "US".into()],
            max_day_micros: Some(5),
            ..Bounds::default()
        };
        let held = bounds.narrow(&Protection::default());
        assert_eq!((held.allowed_countries.len(), held.max_day_micros), (2, Some(5)));
        let held = bounds.narrow(&own(serde_json::json!({ "allowedCountries": ["SE"], "maxDayMicros": 3 })));
        assert_eq!((held.allowed_countries, held.max_day_micros), (vec!["SE".to_owned()], Some(3)));
    }

    #[test]
    fn bounds_that_leave_nothing_of_a_wish_open_nothing() {
        let bounds = Bounds { allowed_countries: vec!["SE".into()], ..Bounds::default() };
        let held = bounds.narrow(&own(serde_json::json!({ "allowedCountries": ["US"] })));
        assert!(held.allowed_countries.is_empty());
        assert_eq!(held.allowed_prefixes, [NOTHING], "an empty list would mean everything");
        let held = bounds.narrow(&own(serde_json::json!({ "allowedPrefixes": ["4670", "1206"] })));
        assert_eq!(held.allowed_prefixes, ["4670"]);
    }

    #[test]
    fn what_the_operator_blocks_no_longer_prefix_of_the_tenant_opens() {
        let bounds = Bounds { blocked_prefixes: vec!["4670".into()], ..Bounds::default() };
        let held = bounds.narrow(&own(serde_json::json!({ "allowedPrefixes": ["467017", "468"] })));
        assert_eq!(held.allowed_prefixes, ["468"]);
        assert_eq!(held.blocked_prefixes, ["4670"]);
    }

    #[test]
    fn a_wish_beyond_the_bounds_is_refused_by_its_field() {
        let bounds = Bounds {
            allowed_countries: vec!["SE".into()],
            may_open_high_risk: false,
            max_call_micros: Some(10),
            ..Bounds::default()
        };
        for (wish, field) in [
            (serde_json::json!({ "allowedCountries": ["US"] }), "allowedCountries"),
            (serde_json::json!({ "highRiskPrefixes": ["881"] }), "highRiskPrefixes"),
            (serde_json::json!({ "maxCallMicros": 11 }), "caps.perCall"),
        ] {
            let error = bounds.allow(&own(wish)).expect_err("refused");
            assert!(
                matches!(&error, Error::Invalid { target: Some(target), .. } if target == field),
                "{error:?}"
            );
        }
        let error = Bounds::default().allow(&own(serde_json::json!({ "highRiskPrefixes": ["468"] })));
        assert!(error.is_err(), "what is no high-risk destination is not opened as one");
    }
}
