//! What a price plan says in the place of its base.

use super::body::{self, ByType, NumberCost, Period, PlanSettings, Rate, Terms, Volume};
use crate::{api::schema::Amount, extract::Patch};
use app::Error;
use domain::{
    ids::{DeckId, PlanId},
    money::{Currency, Money},
    rating::{Base, DeckUse, Overrides, PricePlan, Tax},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a plan says itself, where it builds on another; what is left out is as the base says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = PricePlanOverrides)]
pub(crate) struct PlanOverrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    increment_ms: Option<u32>,
    /// In the place of the base's rates of the same prefixes; longer prefixes of the base go before them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outbound: Vec<Rate>,
    /// In the place of the base's prices of the same types.
    inbound: ByType,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    app_leg: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    trunk_leg: Option<Money>,
    monthly: ByType,
    /// In the place of the base's prices of the same countries and types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<NumberCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prorate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tax: Option<Tax>,
    /// In the place of all that the base says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Vec<Terms>>,
    /// In the place of all of the base's.
    #[serde(skip_serializing_if = "Option::is_none")]
    periods: Option<Vec<Period>>,
    /// In the place of the base's of the same kinds of leg.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<Volume>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deck: Option<Uuid>,
}

impl PlanOverrides {
    /// What a plan says itself; `None` where it builds on none.
    pub(crate) fn of(plan: &PricePlan) -> Option<Self> {
        let (own, currency) = (&plan.base.as_deref()?.own, plan.currency);
        let money = |micros| Money::new(micros, currency);
        let terms = |all: &Vec<_>| all.iter().map(|terms| Terms::of(terms, currency)).collect();
        Some(Self {
            hold_seconds: own.hold_seconds,
            increment_ms: own.increment_ms,
            outbound: own.outbound.iter().map(|rate| Rate::of(rate, currency)).collect(),
            inbound: ByType::of(&own.inbound, currency),
            app_leg: own.app_leg_micros.map(money),
            trunk_leg: own.trunk_leg_micros.map(money),
            monthly: ByType::of(&own.monthly, currency),
            numbers: own.numbers.iter().map(|price| NumberCost::of(price, currency)).collect(),
            prorate: own.prorate,
            tax: own.tax,
            terms: own.terms.as_ref().map(terms),
            periods: own.periods.as_ref().map(|all| all.iter().map(Period::of).collect()),
            volumes: own.volumes.iter().map(Volume::of).collect(),
            deck: own.deck.as_ref().map(|used| used.deck.0),
        })
    }

    fn into_own(self, currency: Currency) -> Result<Overrides, Error> {
        let leg =
            |money: Option<Money>, field| money.map(|money| body::micros(money, currency, field)).transpose();
        Ok(Overrides {
            hold_seconds: self.hold_seconds,
            increment_ms: self.increment_ms,
            outbound: body::rates(self.outbound, currency)?,
            inbound: self.inbound.prices(currency, "inbound")?,
            app_leg_micros: leg(self.app_leg, "appLeg")?,
            trunk_leg_micros: leg(self.trunk_leg, "trunkLeg")?,
            monthly: self.monthly.prices(currency, "monthly")?,
            numbers: body::numbers(self.numbers, currency)?,
            prorate: self.prorate,
            tax: self.tax,
            terms: self.terms.map(|all| body::terms(all, currency)).transpose()?,
            periods: self.periods.map(|all| all.into_iter().map(body::period).collect()),
            volumes: self.volumes.into_iter().map(body::volume).collect(),
            deck: self.deck.map(|deck| DeckUse {
                deck: DeckId(deck),
                hash: String::new(),
                rate_version: String::new(),
            }),
        })
    }
}

/// The plan that a patch makes of another: of its overrides, where it builds on a base or shall, else of all of it.
pub(crate) fn edited(patch: &Patch<PlanSettings>, now: PricePlan) -> Result<PricePlan, Error> {
    let base = match patch.json().get("base") {
        None => now.base.as_deref().map(|base| base.plan),
        Some(Value::Null) => None,
        Some(given) => Some(read_base(given)?),
    };
    match base {
        Some(base) => on_base(patch, now, base),
        None => patch.apply(&PlanSettings::from(&now))?.into_plan(now),
    }
}

/// The base that a plan is to be made on.
pub(crate) fn base_of(patch: &Patch<PlanSettings>) -> Result<Option<PlanId>, Error> {
    patch.json().get("base").filter(|given| !given.is_null()).map(read_base).transpose()
}

fn read_base(given: &Value) -> Result<PlanId, Error> {
    let id = given.as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| Error::invalid("base", "give the id of a price plan"))
}

/// The plan that a whole form makes of one that builds on a base: what differs from the base is said here, by prefix, country,
/// type and kind where there are several, and all else is as the base says.
pub(crate) fn differing(
    patch: &Patch<PlanSettings>,
    now: PricePlan,
    base: &PricePlan,
) -> Result<PricePlan, Error> {
    let json = |settings: &PlanSettings| serde_json::to_value(settings).map_err(Error::internal);
    let wanted = json(&patch.apply(&PlanSettings::from(&now))?)?;
    let known = json(&PlanSettings::from(base))?;
    let mut own = Map::new();
    for (name, value) in wanted.as_object().into_iter().flatten() {
        let (value, known) = (value.clone(), &known[name]);
        let said = match name.as_str() {
            "name" | "currency" | "base" => Value::Null,
            "outbound" | "numbers" | "volumes" => without(value, known),
            "inbound" | "monthly" => others(value, known),
            _ if value == *known => Value::Null,
            _ => value,
        };
        if !said.is_null() {
            own.insert(name.clone(), said);
        }
    }
    let name = wanted["name"].as_str().unwrap_or_default().to_owned();
    let empty = PlanOverrides::default();
    let own = Patch::<PlanOverrides>::of(Value::Object(own)).apply(&empty)?.into_own(now.currency)?;
    Ok(PricePlan { name, base: Some(Box::new(Base { plan: base.id, own })), ..now })
}

/// The items that the base does not have.
fn without(mut value: Value, known: &Value) -> Value {
    if let (Some(items), Some(known)) = (value.as_array_mut(), known.as_array()) {
        items.retain(|item| !known.contains(item));
    }
    value
}

/// The fields that are other than the base's.
fn others(mut value: Value, known: &Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, value| known[name.as_str()] != *value);
    }
    value
}

fn on_base(patch: &Patch<PlanSettings>, now: PricePlan, base: PlanId) -> Result<PricePlan, Error> {
    let mut fields = patch.json().as_object().cloned().unwrap_or_default();
    fields.remove("base");
    let mut text = |field: &str, current: &str| match fields.remove(field) {
        None => Ok(current.to_owned()),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Error::invalid(field, "give a text")),
    };
    let name = text("name", &now.name)?;
    let currency = text("currency", now.currency.code())?;
    let currency: Currency =
        currency.parse().map_err(|error| Error::invalid("currency", format!("{error}")))?;
    if currency != now.currency && !now.name.is_empty() {
        let text = format!("a plan keeps its currency, {}: make another plan for {currency}", now.currency);
        return Err(Error::invalid("currency", text));
    }
    let known = PlanOverrides::of(&now).unwrap_or_default();
    let own = Patch::<PlanOverrides>::of(Value::Object(fields)).apply(&known)?.into_own(currency)?;
    Ok(PricePlan { name, currency, base: Some(Box::new(Base { plan: base, own })), ..now })
}
