//! A price plan as it is sent and shown.

use crate::api::schema::{Amount, PhoneNumberType, TimeWindow};
use app::Error;
use domain::{
    config::Window,
    ids::DeckId,
    money::{Currency, Money},
    numbering::NumberType,
    rating::{self, DeckUse, KindTerms, LineKind, PricePlan, RateTerms, Tax},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a price plan says. All amounts are in its currency.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PricePlanSettings)]
pub(crate) struct PlanSettings {
    /// Unique.
    name: String,
    /// ISO 4217. A plan keeps it.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: String,
    /// Seconds that the first hold and each extension cover, 1 to 3,600.
    hold_seconds: u32,
    /// Durations are billed in steps of so many milliseconds; 1 is exact.
    increment_ms: u32,
    /// Calls over carriers by the longest prefix, 10,000 at most; a deck has room for more.
    #[serde(default)]
    outbound: Vec<Rate>,
    /// Calls to owned numbers, by their type.
    #[serde(default)]
    inbound: ByType,
    /// The leg of an app or a phone, a minute.
    #[schema(value_type = Option<Amount>)]
    app_leg: Option<Money>,
    /// The leg of a trunk (direct routing), a minute.
    #[schema(value_type = Option<Amount>)]
    trunk_leg: Option<Money>,
    /// What numbers cost a month as a rule, by their type, where the stock says what each costs.
    #[serde(default)]
    monthly: ByType,
    /// What numbers cost, by country and type, whatever the stock says.
    #[serde(default)]
    numbers: Vec<NumberCost>,
    /// Whether a number's first and last month are charged by the day.
    #[serde(default)]
    prorate: bool,
    /// `exclusive` (tax comes on top) or `inclusive`.
    #[serde(default)]
    #[schema(value_type = String)]
    tax: Tax,
    /// How legs are billed: of those that cover a kind, what the first says counts.
    #[serde(default)]
    terms: Vec<Terms>,
    /// Times of day with other prices: the first that covers a call's arrival counts for all of it.
    #[serde(default)]
    periods: Vec<Period>,
    /// Free minutes and prices by volume, one of a kind of leg.
    #[serde(default)]
    volumes: Vec<Volume>,
    /// The rate deck that has prices beside `outbound`.
    deck: Option<Uuid>,
    /// The plan from which it takes what it does not say itself. Then what is sent is said in its place, `outbound` by prefix,
    /// `numbers` by country and type, `volumes` by kind, and `null` is as the base says again; a base of `null` keeps what is.
    base: Option<Uuid>,
}

/// A price by prefix.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PriceRate)]
pub(crate) struct Rate {
    /// Digits, with or without `+`; empty is everything.
    prefix: String,
    #[schema(value_type = Amount)]
    per_minute: Money,
    /// When it is sold at this price; empty is always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<TimeWindow>)]
    windows: Vec<Window>,
    #[serde(flatten)]
    billing: Billing,
}

/// How time is billed, where otherwise than by the plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = PriceTerms)]
pub(crate) struct Billing {
    /// Due once, with the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    connection_fee: Option<Money>,
    /// The first increment, milliseconds: 60/60 is 60000 and 60000, 30/6 is 30000 and 6000.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_increment_ms: Option<u32>,
    /// Each further increment.
    #[serde(skip_serializing_if = "Option::is_none")]
    increment_ms: Option<u32>,
    /// A call is billed for so many milliseconds at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_duration_ms: Option<u32>,
    /// What its time costs at least, where it costs something.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    minimum_charge: Option<Money>,
}

/// Amounts by the type of a number.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = PriceByType)]
pub(crate) struct ByType {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    geographic: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    toll_free: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    mobile: Option<Money>,
}

/// What a number costs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NumberPrice)]
pub(crate) struct NumberCost {
    /// ISO 3166-1 alpha-2; left out, every country without a price of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    country: String,
    #[serde(rename = "type")]
    #[schema(value_type = PhoneNumberType)]
    number_type: NumberType,
    #[schema(value_type = Amount)]
    monthly: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Amount>)]
    setup: Option<Money>,
}

/// How legs of some kinds are billed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PriceKindTerms)]
pub(crate) struct Terms {
    /// `outbound`, `inbound`, `app`, `trunk`; empty is all of them.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    kinds: Vec<LineKind>,
    #[serde(flatten)]
    billing: Billing,
}

/// A time of day with other prices.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PricePeriod)]
pub(crate) struct Period {
    name: String,
    #[schema(value_type = Vec<TimeWindow>)]
    windows: Vec<Window>,
    /// `outbound`, `inbound`, `app`, `trunk`; empty is all of them.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    kinds: Vec<LineKind>,
    /// What a minute costs then, in per cent of its price.
    percent: u16,
}

/// Free minutes and prices by volume.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PriceVolume)]
pub(crate) struct Volume {
    /// `outbound`, `inbound`, `app` or `trunk`.
    #[schema(value_type = String)]
    kind: LineKind,
    /// Free minutes of each month (UTC).
    #[serde(default)]
    free_minutes: u32,
    /// The most free minutes of one call: they are set aside while it is up, and what it does not use goes back.
    #[serde(default = "an_hour")]
    #[schema(default = 60)]
    free_minutes_per_call: u32,
    /// Ascending.
    #[serde(default)]
    tiers: Vec<Tier>,
}

const fn an_hour() -> u32 {
    60
}

/// From so many minutes of a month on, a minute costs so much.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PriceTier)]
pub(crate) struct Tier {
    /// Minutes of the month before, free ones included.
    from_minutes: u32,
    /// In per cent of the price.
    percent: u16,
}

impl Billing {
    fn of(terms: RateTerms, currency: Currency) -> Self {
        let money = |micros| Money::new(micros, currency);
        Self {
            connection_fee: terms.connection_micros.map(money),
            first_increment_ms: terms.first_ms,
            increment_ms: terms.next_ms,
            minimum_duration_ms: terms.minimum_ms,
            minimum_charge: terms.minimum_micros.map(money),
        }
    }

    fn terms(&self, currency: Currency, at: &str) -> Result<RateTerms, Error> {
        let money = |money: Option<Money>, field: &str| {
            money.map(|money| micros(money, currency, &format!("{at}.{field}"))).transpose()
        };
        Ok(RateTerms {
            connection_micros: money(self.connection_fee, "connectionFee")?,
            first_ms: self.first_increment_ms,
            next_ms: self.increment_ms,
            minimum_ms: self.minimum_duration_ms,
            minimum_micros: money(self.minimum_charge, "minimumCharge")?,
        })
    }
}

impl Rate {
    pub(super) fn of(rate: &rating::Rate, currency: Currency) -> Self {
        Self {
            prefix: rate.prefix.clone(),
            per_minute: Money::new(rate.per_minute_micros, currency),
            windows: rate.windows.clone(),
            billing: Billing::of(rate.terms, currency),
        }
    }
}

impl NumberCost {
    pub(super) fn of(price: &rating::NumberPrice, currency: Currency) -> Self {
        Self {
            country: price.country.clone(),
            number_type: price.number_type,
            monthly: Money::new(price.monthly_micros, currency),
            setup: Some(Money::new(price.setup_micros, currency)).filter(|fee| fee.micros > 0),
        }
    }
}

impl Volume {
    pub(super) fn of(volume: &rating::VolumePrice) -> Self {
        let tier = |tier: &rating::Tier| Tier { from_minutes: tier.from_minutes, percent: tier.percent };
        Self {
            kind: volume.kind,
            free_minutes: volume.free_minutes,
            free_minutes_per_call: volume.free_minutes_per_call,
            tiers: volume.tiers.iter().map(tier).collect(),
        }
    }
}

impl Period {
    pub(super) fn of(period: &rating::Period) -> Self {
        Self {
            name: period.name.clone(),
            windows: period.windows.clone(),
            kinds: period.kinds.clone(),
            percent: period.percent,
        }
    }
}

impl Terms {
    pub(super) fn of(terms: &KindTerms, currency: Currency) -> Self {
        Self { kinds: terms.kinds.clone(), billing: Billing::of(terms.terms, currency) }
    }
}

impl ByType {
    pub(super) fn of(prices: &[(NumberType, i64)], currency: Currency) -> Self {
        let price = |kind| {
            let found = prices.iter().find(|(of, _)| *of == kind);
            found.map(|(_, micros)| Money::new(*micros, currency))
        };
        Self {
            geographic: price(NumberType::Geographic),
            toll_free: price(NumberType::TollFree),
            mobile: price(NumberType::Mobile),
        }
    }

    pub(super) fn prices(&self, currency: Currency, at: &str) -> Result<Vec<(NumberType, i64)>, Error> {
        let all = [
            (NumberType::Geographic, self.geographic, "geographic"),
            (NumberType::Mobile, self.mobile, "mobile"),
            (NumberType::TollFree, self.toll_free, "tollFree"),
        ];
        all.into_iter()
            .filter_map(|(kind, money, field)| Some((kind, money?, field)))
            .map(|(kind, money, field)| Ok((kind, micros(money, currency, &format!("{at}.{field}"))?)))
            .collect()
    }
}

/// An amount in the plan's currency.
pub(super) fn micros(money: Money, currency: Currency, field: &str) -> Result<i64, Error> {
    if money.currency != currency {
        let text =
            format!("all amounts of a plan are in its currency, {currency}: this is in {}", money.currency);
        return Err(Error::invalid(field, text));
    }
    if money.micros < 0 {
        return Err(Error::invalid(field, "a price is zero or more"));
    }
    Ok(money.micros)
}

impl From<&PricePlan> for PlanSettings {
    fn from(plan: &PricePlan) -> Self {
        let currency = plan.currency;
        let money = |micros| Money::new(micros, currency);
        Self {
            name: plan.name.clone(),
            currency: currency.to_string(),
            hold_seconds: plan.hold_seconds,
            increment_ms: plan.increment_ms,
            outbound: plan.outbound.iter().map(|rate| Rate::of(rate, currency)).collect(),
            inbound: ByType::of(&plan.inbound, currency),
            app_leg: Some(money(plan.app_leg_micros)),
            trunk_leg: Some(money(plan.trunk_leg_micros)),
            monthly: ByType::of(&plan.monthly, currency),
            numbers: plan.numbers.iter().map(|price| NumberCost::of(price, currency)).collect(),
            prorate: plan.prorate,
            tax: plan.tax,
            terms: plan.terms.iter().map(|terms| Terms::of(terms, currency)).collect(),
            periods: plan.periods.iter().map(Period::of).collect(),
            volumes: plan.volumes.iter().map(Volume::of).collect(),
            deck: plan.deck.as_ref().map(|used| used.deck.0),
            base: plan.base.as_deref().map(|base| base.plan.0),
        }
    }
}

impl PlanSettings {
    /// The plan that these settings make of another.
    pub(crate) fn into_plan(self, now: PricePlan) -> Result<PricePlan, Error> {
        let currency: Currency =
            self.currency.parse().map_err(|error| Error::invalid("currency", format!("{error}")))?;
        if !currency.is_known() {
            let text = format!("{currency} is no currency of ISO 4217: give one such as USD, EUR or SEK");
            return Err(Error::invalid("currency", text));
        }
        if currency != now.currency && !now.name.is_empty() {
            let text =
                format!("a plan keeps its currency, {}: make another plan for {currency}", now.currency);
            return Err(Error::invalid("currency", text));
        }
        // A plan that is made takes over no amount in the currency of what it is made after.
        let leg = |money: Option<Money>, field| money.map_or(Ok(0), |money| micros(money, currency, field));
        let zero = |money: Option<Money>| money.filter(|money| money.micros != 0);
        Ok(PricePlan {
            name: self.name,
            currency,
            hold_seconds: self.hold_seconds,
            increment_ms: self.increment_ms,
            outbound: rates(self.outbound, currency)?,
            inbound: self.inbound.prices(currency, "inbound")?,
            app_leg_micros: leg(zero(self.app_leg), "appLeg")?,
            trunk_leg_micros: leg(zero(self.trunk_leg), "trunkLeg")?,
            monthly: self.monthly.prices(currency, "monthly")?,
            numbers: numbers(self.numbers, currency)?,
            prorate: self.prorate,
            tax: self.tax,
            terms: terms(self.terms, currency)?,
            periods: self.periods.into_iter().map(period).collect(),
            volumes: self.volumes.into_iter().map(volume).collect(),
            deck: self.deck.map(|deck| DeckUse {
                deck: DeckId(deck),
                hash: String::new(),
                rate_version: String::new(),
            }),
            base: None,
            ..now
        })
    }
}

pub(super) fn rates(rates: Vec<Rate>, currency: Currency) -> Result<Vec<rating::Rate>, Error> {
    let rate = |(place, rate): (usize, Rate)| {
        let at = format!("outbound[{place}]");
        Ok(rating::Rate {
            prefix: rate.prefix.trim().trim_start_matches('+').to_owned(),
            per_minute_micros: micros(rate.per_minute, currency, &format!("{at}.perMinute"))?,
            windows: rate.windows,
            terms: rate.billing.terms(currency, &at)?,
        })
    };
    rates.into_iter().enumerate().map(rate).collect()
}

pub(super) fn numbers(
    numbers: Vec<NumberCost>,
    currency: Currency,
) -> Result<Vec<rating::NumberPrice>, Error> {
    let number = |(place, number): (usize, NumberCost)| {
        let field = |name: &str| format!("numbers[{place}].{name}");
        Ok(rating::NumberPrice {
            country: number.country,
            number_type: number.number_type,
            monthly_micros: micros(number.monthly, currency, &field("monthly"))?,
            setup_micros: number.setup.map_or(Ok(0), |fee| micros(fee, currency, &field("setup")))?,
        })
    };
    numbers.into_iter().enumerate().map(number).collect()
}

pub(super) fn terms(all: Vec<Terms>, currency: Currency) -> Result<Vec<KindTerms>, Error> {
    let one = |(place, terms): (usize, Terms)| {
        Ok(KindTerms {
            kinds: terms.kinds,
            terms: terms.billing.terms(currency, &format!("terms[{place}]"))?,
        })
    };
    all.into_iter().enumerate().map(one).collect()
}

pub(super) fn period(period: Period) -> rating::Period {
    rating::Period {
        name: period.name,
        windows: period.windows,
        kinds: period.kinds,
        percent: period.percent,
    }
}

pub(super) fn volume(volume: Volume) -> rating::VolumePrice {
    let tier = |tier: Tier| rating::Tier { from_minutes: tier.from_minutes, percent: tier.percent };
    rating::VolumePrice {
        kind: volume.kind,
        free_minutes: volume.free_minutes,
        free_minutes_per_call: volume.free_minutes_per_call,
        tiers: volume.tiers.into_iter().map(tier).collect(),
    }
}
