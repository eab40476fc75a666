//! The shapes that many answers share, and the names under which the OpenAPI document knows the words of the domain.

use domain::config;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of money: whole micro-units, never a fraction.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"amountMicros": 8500, "currency": "USD"}))]
pub(crate) struct Amount {
    /// Millionths of the currency's unit.
    pub(crate) amount_micros: i64,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub(crate) currency: String,
}

/// What kind of number it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands in the OpenAPI document for a type of the domain, and is never made")]
pub(crate) enum PhoneNumberType {
    Geographic,
    TollFree,
    Mobile,
}

/// Who uses the number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands in the OpenAPI document for a type of the domain, and is never made")]
pub(crate) enum PhoneNumberAssignmentType {
    Person,
    Application,
}

/// A direction of use.
#[derive(Debug, Serialize, ToSchema)]
#[expect(dead_code, reason = "it stands in the OpenAPI document for a type of the domain, and is never made")]
pub(crate) enum PhoneNumberCapabilityType {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "inbound")]
    Inbound,
    #[serde(rename = "outbound")]
    Outbound,
    #[serde(rename = "inbound+outbound")]
    InboundOutbound,
}

/// What the number can do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhoneNumberCapabilities {
    pub(crate) calling: PhoneNumberCapabilityType,
    pub(crate) sms: PhoneNumberCapabilityType,
}

/// How much at once.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Limits {
    /// New calls per second.
    calls_per_second: u32,
    /// Calls up at the same time.
    max_calls: u32,
}

impl From<config::Limits> for Limits {
    fn from(limits: config::Limits) -> Self {
        Self { calls_per_second: limits.calls_per_second, max_calls: limits.max_calls }
    }
}

impl From<Limits> for config::Limits {
    fn from(limits: Limits) -> Self {
        Self { calls_per_second: limits.calls_per_second, max_calls: limits.max_calls }
    }
}

/// A span of the day on some days of the week.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"days": ["mon", "fri"], "from": "08:00", "until": "17:00", "zone": "Europe/Stockholm"}))]
pub(crate) struct TimeWindow {
    /// `mon` to `sun`; empty is every day.
    days: Vec<String>,
    /// `08:00`.
    from: String,
    /// The minute after its last one; before `from` it is on the next day.
    until: String,
    /// A place of the IANA table such as `Europe/Stockholm`, with its daylight saving time; `UTC`, or an offset from it such as
    /// `+02:00`.
    zone: String,
}

/// Number manipulation: in each list the first rule whose pattern matches is applied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberRewrites {
    /// On the caller id.
    caller: Vec<NumberRewrite>,
    /// On the called number.
    callee: Vec<NumberRewrite>,
}

/// One rule of number manipulation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"pattern": "^0(\\d+)$", "replacement": "+46$1"}))]
pub(crate) struct NumberRewrite {
    /// A regular expression.
    pattern: String,
    /// What stands in the place of what it matches; `$1` is its first group.
    replacement: String,
}

/// A change of limits; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LimitsPatch {
    /// New calls per second, 1 to 10,000.
    calls_per_second: Option<u32>,
    /// Calls up at the same time, 1 to 100,000.
    max_calls: Option<u32>,
}

impl From<LimitsPatch> for app::tenants::LimitsPatch {
    fn from(limits: LimitsPatch) -> Self {
        Self { calls_per_second: limits.calls_per_second, max_calls: limits.max_calls }
    }
}
