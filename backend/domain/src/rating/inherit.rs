//! A plan that says what is special about it, and takes the rest from another.

use super::{DeckUse, KindTerms, NumberPrice, Period, PricePlan, Rate, Tax, VolumePrice};
use crate::{ids::PlanId, numbering::NumberType};
use serde::{Deserialize, Serialize};

/// From which plan a plan takes what it does not say itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// Which. It has no base itself.
    pub plan: PlanId,
    /// What is said here in its place.
    #[serde(default)]
    pub own: Overrides,
}

/// What a plan says in the place of its base. What is empty is as the base says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overrides {
    /// Seconds that a hold covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
    /// Durations are billed in steps of so many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment_ms: Option<u32>,
    /// In the place of the base's rates of the same prefixes. Longer prefixes of the base still go before them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound: Vec<Rate>,
    /// In the place of the base's prices of the same types of number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inbound: Vec<(NumberType, i64)>,
    /// The leg of an app or SIP user, micro-units per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_leg_micros: Option<i64>,
    /// The leg of a trunk, micro-units per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk_leg_micros: Option<i64>,
    /// A month of a number, by type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monthly: Vec<(NumberType, i64)>,
    /// In the place of the base's prices of the same countries and types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberPrice>,
    /// Whether a number's first and last month are charged by the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prorate: Option<bool>,
    /// Whether the prices have tax in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// How legs are billed, in the place of all that the base says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Vec<KindTerms>>,
    /// Times of day, in the place of all of the base's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<Vec<Period>>,
    /// In the place of the base's free minutes and volume prices of the same kinds of leg.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumePrice>,
    /// The deck, in the place of the base's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deck: Option<DeckUse>,
}

impl PricePlan {
    /// This plan as its overrides make it of its base: what they say goes before, by prefix, country, type or kind where
    /// there are several, and everything else is the base's. Its version says both, so that a charge names what it came
    /// from. A plan without a base is itself.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let Some(Base { own, .. }) = self.base.as_deref() else { return self.clone() };
        Self {
            id: self.id,
            name: self.name.clone(),
            version: format!("{}@{}", self.version, base.version),
            currency: base.currency,
            hold_seconds: own.hold_seconds.unwrap_or(base.hold_seconds),
            increment_ms: own.increment_ms.unwrap_or(base.increment_ms),
            outbound: put(&own.outbound, &base.outbound, |rate| &rate.prefix),
            inbound: put(&own.inbound, &base.inbound, |(kind, _)| kind),
            app_leg_micros: own.app_leg_micros.unwrap_or(base.app_leg_micros),
            trunk_leg_micros: own.trunk_leg_micros.unwrap_or(base.trunk_leg_micros),
            monthly: put(&own.monthly, &base.monthly, |(kind, _)| kind),
            numbers: put(&own.numbers, &base.numbers, NumberPrice::key),
            prorate: own.prorate.unwrap_or(base.prorate),
            tax: own.tax.unwrap_or(base.tax),
            terms: own.terms.as_ref().unwrap_or(&base.terms).clone(),
            periods: own.periods.as_ref().unwrap_or(&base.periods).clone(),
            volumes: put(&own.volumes, &base.volumes, |volume| &volume.kind),
            deck: own.deck.as_ref().or(base.deck.as_ref()).cloned(),
            base: self.base.clone(),
        }
    }
}

/// What is said here, and of the base what is about something else.
fn put<'a, T: Clone, K: PartialEq>(own: &'a [T], base: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<T> {
    let is_else = |item: &&'a T| own.iter().all(|said| key(said) != key(item));
    own.iter().chain(base.iter().filter(is_else)).cloned().collect()
}

/// Has each plan that has a base be what its overrides make of it. One whose base is not there stays as it was written.
pub fn resolve(plans: &mut [PricePlan]) {
    for place in 0..plans.len() {
        let Some(base) = plans[place].base.as_deref() else { continue };
        let Some(base) = plans.iter().find(|plan| plan.id == base.plan && plan.base.is_none()) else {
            continue;
        };
        plans[place] = plans[place].over(base);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::rating::sandbox_plan;
    use uuid::Uuid;

    fn base() -> PricePlan {
        PricePlan {
            numbers: vec![price("SE", 800_000), price("", 1_000_000)],
            version: "standard-7".to_owned(),
            ..sandbox_plan(PlanId(Uuid::from_u128(1)))
        }
    }

    fn price(country: &str, monthly_micros: i64) -> NumberPrice {
        let number_type = NumberType::Geographic;
        NumberPrice { country: country.to_owned(), number_type, monthly_micros, setup_micros: 0 }
    }

    fn derived(own: Overrides) -> PricePlan {
        let base = Some(Box::new(Base { plan: base().id, own }));
        let id = PlanId(Uuid::from_u128(2));
        PricePlan { name: "acme".into(), version: "acme-3".into(), base, ..sandbox_plan(id) }
    }

    #[test]
    fn what_a_plan_does_not_say_is_as_its_base_says_and_its_version_names_both() {
        let plan = derived(Overrides::default()).over(&base());
        let expected = PricePlan {
            id: plan.id,
            name: "acme".into(),
            version: "acme-3@standard-7".into(),
            base: plan.base.clone(),
            ..base()
        };
        assert_eq!(plan, expected);
        assert_eq!(base().over(&plan), base(), "a plan without a base is itself");
    }

    #[test]
    fn overrides_go_before_by_field_prefix_country_and_type() {
        let own = Overrides {
            app_leg_micros: Some(3_000),
            outbound: vec![Rate::new("46", 20_500), Rate::new("1", 11_000)],
            inbound: vec![(NumberType::TollFree, 19_000)],
            numbers: vec![price("SE", 500_000)],
            prorate: Some(true),
            ..Overrides::default()
        };
        let plan = derived(own).over(&base());
        let rates: Vec<_> =
            plan.outbound.iter().map(|rate| (rate.prefix.as_str(), rate.per_minute_micros)).collect();
        assert_eq!(rates, [("46", 20_500), ("1", 11_000), ("", 20_000)]);
        assert_eq!((plan.app_leg_micros, plan.trunk_leg_micros, plan.prorate), (3_000, 4_000, true));
        let inbound = |kind| plan.inbound.iter().find(|(of, _)| *of == kind).unwrap().1;
        assert_eq!((inbound(NumberType::TollFree), inbound(NumberType::Mobile)), (19_000, 8_500));
        let month = |country| plan.number_price(country, NumberType::Geographic).unwrap().monthly_micros;
        assert_eq!((month("SE"), month("US")), (500_000, 1_000_000));
        assert_eq!(plan.check(), Ok(()));
    }

    #[test]
    fn what_was_written_before_there_were_bases_is_read() {
        let text = serde_json::to_value(base()).unwrap();
        assert!(text.get("base").is_none());
        assert_eq!(serde_json::from_value::<PricePlan>(text).unwrap(), base());
        let kept = derived(Overrides { tax: Some(Tax::Inclusive), ..Overrides::default() });
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<PricePlan>(&text).unwrap(), kept);
    }

    #[test]
    fn each_plan_is_resolved_wherever_its_base_stands_and_one_that_lost_it_stays() {
        let lost = PricePlan {
            base: Some(Box::new(Base { plan: PlanId(Uuid::from_u128(9)), own: Overrides::default() })),
            ..sandbox_plan(PlanId(Uuid::from_u128(4)))
        };
        let own = Overrides { hold_seconds: Some(30), ..Overrides::default() };
        let mut plans = [derived(own), lost.clone(), base()];
        resolve(&mut plans);
        assert_eq!((plans[0].hold_seconds, plans[0].version.as_str()), (30, "acme-3@standard-7"));
        assert_eq!((&plans[1], &plans[2]), (&lost, &base()));
    }
}
