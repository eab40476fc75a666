//! What a tenant may call and spend, and which ways of connection are open to it.

use super::Fault;
use crate::{country, numbering::words, stir::TenantHandling, velocity};
use serde::{Deserialize, Serialize};

/// The most entries of a list of prefixes or countries.
pub const PREFIXES_MAX: usize = 1_000;

/// With what a call over a limit of calls is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OverLimit {
    /// 503 with Retry-After: the caller's equipment tries again or elsewhere.
    #[default]
    RetryLater,
    /// 486: the caller hears the busy tone.
    Busy,
}

words! {
    OverLimit { RetryLater = "retryLater", Busy = "busy" }
}

/// Where a tenant may call, and for how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Protection {
    /// Countries that may be called (ISO 3166-1 alpha-2); with `allowed_prefixes` empty too, all of them.
    pub allowed_countries: Vec<String>,
    /// Prefixes that may be called, digits without `+`, beside the countries.
    pub allowed_prefixes: Vec<String>,
    /// Prefixes that may not be called, whatever else is allowed. The longer of an allowed and a blocked prefix wins.
    pub blocked_prefixes: Vec<String>,
    /// High-risk prefixes that were opened for this tenant: digits that cover one of the built-in list, or lie in it.
    pub high_risk_prefixes: Vec<String>,
    /// The most that one call may cost, micro-units: a call is ended before it costs more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_call_micros: Option<i64>,
    /// The most that a day (UTC) may cost, micro-units: no call begins past it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_day_micros: Option<i64>,
    /// The most that the tenant may owe at worst ([`crate::exposure`]), micro-units: nothing is held past it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exposure_micros: Option<i64>,
    /// How fast it may spend.
    #[serde(skip_serializing_if = "super::is_default")]
    pub velocity: velocity::Limits,
    /// With what a call over a limit of calls is answered.
    pub over_limit: OverLimit,
    /// Whether calls may be sold below what the carrier asks. For the operator to set.
    pub allow_below_cost: bool,
    /// What becomes of calls from carriers whose caller is not verified.
    #[serde(skip_serializing_if = "super::is_default")]
    pub unverified: TenantHandling,
}

impl Protection {
    /// Whether everything is in its bounds.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        for (field, prefixes) in [
            ("allowedPrefixes", &self.allowed_prefixes),
            ("blockedPrefixes", &self.blocked_prefixes),
            ("highRiskPrefixes", &self.high_risk_prefixes),
        ] {
            check_prefixes(field, prefixes)?;
        }
        if self.allowed_countries.len() > PREFIXES_MAX {
            return Err(Fault::new("allowedCountries", format!("give at most {PREFIXES_MAX} countries")));
        }
        if let Some(unknown) = self.allowed_countries.iter().find(|code| !country::is_known(code)) {
            let message =
                format!("{unknown:?} is no country with telephone numbers: give ISO 3166-1 codes such as SE");
            return Err(Fault::new("allowedCountries", message));
        }
        self.velocity.check()?;
        for (field, cap) in [
            ("maxCallMicros", self.max_call_micros),
            ("maxDayMicros", self.max_day_micros),
            ("maxExposureMicros", self.max_exposure_micros),
        ] {
            if cap.is_some_and(|cap| cap < 0) {
                return Err(Fault::new(field, "give an amount of 0 or more, or null for no cap"));
            }
        }
        Ok(())
    }
}

fn check_prefixes(field: &str, prefixes: &[String]) -> Result<(), Fault> {
    if prefixes.len() > PREFIXES_MAX {
        return Err(Fault::new(field, format!("give at most {PREFIXES_MAX} prefixes")));
    }
    let is_digits =
        |text: &String| (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match prefixes.iter().find(|prefix| !is_digits(prefix)) {
        None => Ok(()),
        Some(wrong) => Err(Fault::new(
            field,
            format!("{wrong:?} is no prefix: give 1 to 15 digits without +, such as 4670"),
        )),
    }
}

/// Whether a way of connection is open to a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "camelCase")]
pub enum Access {
    /// It is.
    #[default]
    Allowed,
    /// It is not.
    NotAllowed {
        /// Why, and what the tenant can do: shown before it tries.
        why: String,
    },
}

impl Access {
    /// Why it is not open; `None` where it is.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Allowed => None,
            Self::NotAllowed { why } => Some(why),
        }
    }
}

/// Which ways of connection a tenant may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Eligibility {
    /// Numbers and calls of the platform's carriers.
    pub cloud_calling: Access,
    /// The tenant's own trunks.
    pub direct_routing: Access,
}
