//! Price plans.

use super::{Line, LineKind};
use crate::{ids::PlanId, money::Currency, numbering::NumberType, phone::E164};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Seconds that a first hold and each extension cover, unless the plan says otherwise.
pub const DEFAULT_HOLD_SECONDS: u32 = 60;

/// A price per minute for numbers that begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Digits without `+`; empty covers everything.
    pub prefix: String,
    /// Micro-units per minute.
    pub per_minute_micros: i64,
}

/// What a tenant pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricePlan {
    /// Its identifier.
    pub id: PlanId,
    /// Its name, unique.
    pub name: String,
    /// The version, recorded on each charge; a change of prices is a new version.
    pub version: String,
    /// The currency of all prices.
    pub currency: Currency,
    /// Seconds that a hold covers, 1 to 3,600.
    pub hold_seconds: u32,
    /// Durations are billed in steps of so many milliseconds; 1 is exact.
    pub increment_ms: u32,
    /// Outbound by longest prefix.
    pub outbound: Vec<Rate>,
    /// Inbound by the type of the number called, micro-units per minute.
    pub inbound: Vec<(NumberType, i64)>,
    /// The leg of an app or SIP user, micro-units per minute.
    pub app_leg_micros: i64,
    /// The leg of a trunk, micro-units per minute.
    pub trunk_leg_micros: i64,
    /// A month of a number, by type.
    pub monthly: Vec<(NumberType, i64)>,
}

impl PricePlan {
    /// The outbound line for a number: the longest prefix wins. `None` where the plan does not sell it.
    #[must_use]
    pub fn outbound(&self, number: E164) -> Option<Line> {
        let digits = number.digits();
        let rate = self
            .outbound
            .iter()
            .filter(|rate| digits.starts_with(&rate.prefix))
            .max_by_key(|rate| rate.prefix.len())?;
        Some(self.outbound_at(rate))
    }

    /// The outbound line of a rate.
    pub(crate) fn outbound_at(&self, rate: &Rate) -> Line {
        let text = if rate.prefix.is_empty() {
            Cow::Borrowed("call elsewhere")
        } else {
            Cow::Owned(["call to +", &rate.prefix].concat())
        };
        self.line(LineKind::Outbound, text, rate.per_minute_micros)
    }

    /// The inbound line for a number of a type.
    #[must_use]
    pub fn inbound(&self, number_type: NumberType) -> Option<Line> {
        let (_, micros) = self.inbound.iter().find(|(kind, _)| *kind == number_type)?;
        Some(self.line(LineKind::Inbound, format!("call to a {} number", number_type.word()).into(), *micros))
    }

    /// The line of an app's or SIP user's leg.
    #[must_use]
    pub fn app_leg(&self) -> Line {
        self.line(LineKind::App, Cow::Borrowed("app leg"), self.app_leg_micros)
    }

    /// The line of a trunk's leg.
    #[must_use]
    pub fn trunk_leg(&self) -> Line {
        self.line(LineKind::Trunk, Cow::Borrowed("trunk leg"), self.trunk_leg_micros)
    }

    /// A month of a number of a type, in micro-units.
    #[must_use]
    pub fn monthly(&self, number_type: NumberType) -> Option<i64> {
        self.monthly.iter().find(|(kind, _)| *kind == number_type).map(|(_, micros)| *micros)
    }

    fn line(&self, kind: LineKind, description: Cow<'static, str>, per_minute_micros: i64) -> Line {
        Line {
            kind,
            description,
            per_minute_micros,
            increment_ms: self.increment_ms,
            rate_version: self.version.clone(),
        }
    }
}

/// The plan of a tenant that signs up while the sandbox is on.
#[must_use]
pub fn sandbox_plan(id: PlanId) -> PricePlan {
    use NumberType::{Geographic, Mobile, TollFree};
    let rate = |prefix: &str, per_minute_micros| Rate { prefix: prefix.to_owned(), per_minute_micros };
    PricePlan {
        id,
        name: "sandbox".to_owned(),
        version: "sandbox-1".to_owned(),
        currency: Currency::USD,
        hold_seconds: DEFAULT_HOLD_SECONDS,
        increment_ms: 1,
        outbound: vec![rate("1", 13_000), rate("", 20_000)],
        inbound: vec![(Geographic, 8_500), (Mobile, 8_500), (TollFree, 22_000)],
        app_leg_micros: 4_000,
        trunk_leg_micros: 4_000,
        monthly: vec![(Geographic, 1_000_000), (Mobile, 1_000_000), (TollFree, 2_000_000)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_sets_the_outbound_price() {
        let mut plan = sandbox_plan(PlanId(uuid::Uuid::nil()));
        plan.outbound.push(Rate { prefix: "1206".into(), per_minute_micros: 99 });
        let price = |text: &str| {
            E164::parse(text).ok().and_then(|n| plan.outbound(n)).map(|line| line.per_minute_micros)
        };
        assert_eq!(price("+12065550100"), Some(99));
        assert_eq!(price("+12125550100"), Some(13_000));
        assert_eq!(price("+46846500400"), Some(20_000));
    }
}
