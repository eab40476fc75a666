//! Price plans.

use super::{Base, KindTerms, Line, LineKind, PERIODS_MAX, Period, RateTerms, VolumePrice, terms::share};
use crate::{
    config::{WINDOWS_MAX, Window},
    country,
    ids::{DeckId, PlanId},
    money::Currency,
    numbering::NumberType,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet};

/// Seconds that a first hold and each extension cover, unless the plan says otherwise.
pub const DEFAULT_HOLD_SECONDS: u32 = 60;
/// The highest price of anything, micro-units: a million units.
pub const PRICE_MAX_MICROS: i64 = 1_000_000_000_000;
/// Rates of a plan at most; there are decks for more.
const RATES_MAX: usize = 10_000;
/// Digits of a prefix at most (ITU-T E.164).
const PREFIX_MAX: usize = 15;
/// Characters of a name at most.
const NAME_MAX: usize = 100;

/// A price per minute for numbers that begin with a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Digits without `+`; empty covers everything.
    pub prefix: String,
    /// Micro-units per minute.
    pub per_minute_micros: i64,
    /// When it is sold at this price; empty is always. Of equal prefixes the last that is open counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// How it is billed, where otherwise than the plan says.
    #[serde(default, skip_serializing_if = "super::line::is_zero")]
    pub terms: RateTerms,
}

impl Rate {
    /// A price that holds at any time and is billed as the plan says.
    #[must_use]
    pub fn new(prefix: impl Into<String>, per_minute_micros: i64) -> Self {
        Self { prefix: prefix.into(), per_minute_micros, ..Self::default() }
    }
}

/// Whether prices have tax in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tax {
    /// Tax comes on top of them.
    #[default]
    Exclusive,
    /// They are what is paid: tax is taken out of them.
    Inclusive,
}

impl Tax {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Inclusive => "inclusive",
        }
    }
}

/// What a number costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberPrice {
    /// ISO 3166-1 alpha-2; empty is every country that has no price of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// Its type.
    pub number_type: NumberType,
    /// A month, micro-units.
    pub monthly_micros: i64,
    /// Due once, when it is bought, micro-units.
    #[serde(default)]
    pub setup_micros: i64,
}

impl NumberPrice {
    /// What it is about: country and type.
    pub(super) fn key(&self) -> (&str, NumberType) {
        (&self.country, self.number_type)
    }
}

/// The deck that a plan or a carrier takes its prices from, in the version that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeckUse {
    /// Which.
    pub deck: DeckId,
    /// The hash of the content of the version in force; empty until it is known.
    #[serde(default)]
    pub hash: String,
    /// What is recorded on each charge.
    #[serde(default)]
    pub rate_version: String,
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
    /// What numbers cost, by country and type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberPrice>,
    /// Whether a number's first and last month are charged by the day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prorate: bool,
    /// Whether the prices have tax in them.
    #[serde(default, skip_serializing_if = "super::line::is_zero")]
    pub tax: Tax,
    /// How legs are billed: of those that cover a kind, what the first says counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<KindTerms>,
    /// Times of day with other prices: the first that covers a call counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<Period>,
    /// Free minutes and volume prices, one of a kind of leg.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumePrice>,
    /// Prefixes beside its own rates, which go before equally long ones of the deck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deck: Option<DeckUse>,
    /// From which plan it takes what it does not say itself; all else above is what comes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Box<Base>>,
}

impl PricePlan {
    /// The outbound line of a rate of its own, for a call that arrives at a moment.
    pub(crate) fn outbound_at(&self, rate: &Rate, at: DateTime<Utc>) -> Line {
        let text = if rate.prefix.is_empty() {
            Cow::Borrowed("call elsewhere")
        } else {
            Cow::Owned(["call to +", &rate.prefix].concat())
        };
        let price = (rate.per_minute_micros, rate.terms);
        self.line(LineKind::Outbound, text, price, &self.version, at)
    }

    /// The outbound line of a rate of its deck.
    pub(crate) fn outbound_by_deck(
        &self,
        (prefix, name): (&str, &str),
        price: (i64, RateTerms),
        at: DateTime<Utc>,
    ) -> Line {
        let text = match (prefix, name) {
            ("", "") => "call elsewhere".to_owned(),
            (prefix, "") => ["call to +", prefix].concat(),
            (prefix, name) => ["call to +", prefix, " ", name].concat(),
        };
        let version = self.deck.as_ref().map_or(&self.version, |deck| &deck.rate_version);
        self.line(LineKind::Outbound, text.into(), price, version, at)
    }

    /// The inbound line for a number of a type.
    #[must_use]
    pub fn inbound(&self, number_type: NumberType, at: DateTime<Utc>) -> Option<Line> {
        let (_, micros) = self.inbound.iter().find(|(kind, _)| *kind == number_type)?;
        let text = format!("call to a {} number", number_type.word()).into();
        Some(self.line(LineKind::Inbound, text, (*micros, RateTerms::default()), &self.version, at))
    }

    /// The line of an app's or SIP user's leg.
    #[must_use]
    pub fn app_leg(&self, at: DateTime<Utc>) -> Line {
        let price = (self.app_leg_micros, RateTerms::default());
        self.line(LineKind::App, Cow::Borrowed("app leg"), price, &self.version, at)
    }

    /// The line of a trunk's leg.
    #[must_use]
    pub fn trunk_leg(&self, at: DateTime<Utc>) -> Line {
        let price = (self.trunk_leg_micros, RateTerms::default());
        self.line(LineKind::Trunk, Cow::Borrowed("trunk leg"), price, &self.version, at)
    }

    /// What a number costs, by the price of its country, and else of all; `None` where the plan says nothing.
    #[must_use]
    pub fn number_price(&self, country: &str, number_type: NumberType) -> Option<NumberPrice> {
        let of = |country: &str| {
            self.numbers.iter().find(|price| price.number_type == number_type && price.country == country)
        };
        of(country).or_else(|| of("")).cloned()
    }

    /// A month of a number of a type, in micro-units.
    #[must_use]
    pub fn monthly(&self, number_type: NumberType) -> Option<i64> {
        self.monthly.iter().find(|(kind, _)| *kind == number_type).map(|(_, micros)| *micros)
    }

    fn line(
        &self,
        kind: LineKind,
        description: Cow<'static, str>,
        (price, own): (i64, RateTerms),
        version: &str,
        at: DateTime<Utc>,
    ) -> Line {
        let period = self.periods.iter().find(|period| period.covers(kind, at));
        let per_minute_micros = period.map_or(price, |period| share(price, period.percent));
        let of_kind = self.terms.iter().filter(|terms| terms.covers(kind));
        let terms = of_kind.fold(own, |terms, of_kind| terms.or(of_kind.terms));
        let increment_ms = terms.next_ms.unwrap_or(self.increment_ms);
        let mut line = Line::plain(kind, description, per_minute_micros, increment_ms, version.to_owned());
        let terms = terms.of_line();
        if !terms.is_plain() {
            line.terms = Some(Box::new(terms));
        }
        line
    }

    /// The least that a price of a kind of leg becomes by time of day and volume, free minutes apart.
    #[must_use]
    pub fn lowest(&self, kind: LineKind, price: i64) -> i64 {
        let covers = |period: &&Period| period.kinds.is_empty() || period.kinds.contains(&kind);
        let by_period = self.periods.iter().filter(covers).map(|period| share(price, period.percent));
        let price = by_period.fold(price, i64::min);
        let of_kind = self.volumes.iter().find(|volume| volume.kind == kind);
        of_kind.map_or(price, |volume| volume.lowest(price))
    }

    /// Whether the plan can be: the field and the remedy where it cannot.
    ///
    /// # Errors
    /// The field, by the names of the API, and one sentence.
    pub fn check(&self) -> Result<(), (String, String)> {
        let wrong = |field: String, text: String| Err((field, text));
        if self.name.trim().is_empty() || self.name.chars().count() > NAME_MAX {
            return wrong("name".into(), format!("name the plan in 1 to {NAME_MAX} characters"));
        }
        if !self.currency.is_known() {
            let text =
                format!("{} is no currency of ISO 4217: give one such as USD, EUR or SEK", self.currency);
            return wrong("currency".into(), text);
        }
        if !(1..=3_600).contains(&self.hold_seconds) {
            return wrong("holdSeconds".into(), "a hold covers 1 to 3600 seconds".into());
        }
        if !(1..=3_600_000).contains(&self.increment_ms) {
            return wrong("incrementMs".into(), "give 1 (exact) to 3600000 milliseconds".into());
        }
        self.check_prices()?;
        self.check_rates()?;
        self.check_numbers()?;
        self.check_terms()
    }

    fn check_prices(&self) -> Result<(), (String, String)> {
        let legs = [("appLeg", self.app_leg_micros), ("trunkLeg", self.trunk_leg_micros)];
        let inbound = self.inbound.iter().map(|(kind, micros)| (inbound_field(*kind), *micros));
        for (field, micros) in legs.into_iter().chain(inbound) {
            price(micros).map_err(|text| (field.to_owned(), text))?;
        }
        Ok(())
    }

    fn check_rates(&self) -> Result<(), (String, String)> {
        if self.outbound.len() > RATES_MAX {
            let text = format!("a plan has {RATES_MAX} rates of its own at most: put more into a rate deck");
            return Err(("outbound".to_owned(), text));
        }
        let mut seen = BTreeSet::new();
        for (place, rate) in self.outbound.iter().enumerate() {
            let field = |name: &str| format!("outbound[{place}].{name}");
            let is_prefix =
                rate.prefix.len() <= PREFIX_MAX && rate.prefix.bytes().all(|b| b.is_ascii_digit());
            if !is_prefix {
                let text = "a prefix is 1 to 15 digits, such as 1206; empty covers everything";
                return Err((field("prefix"), text.to_owned()));
            }
            if rate.windows.is_empty() && !seen.insert(rate.prefix.as_str()) {
                return Err((field("prefix"), format!("the prefix {:?} is there twice", rate.prefix)));
            }
            if rate.windows.len() > WINDOWS_MAX {
                return Err((field("windows"), format!("give {WINDOWS_MAX} windows at most")));
            }
            price(rate.per_minute_micros).map_err(|text| (field("perMinute"), text))?;
            rate.terms.check().map_err(|(name, text)| (field(&name), text))?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), (String, String)> {
        let mut seen = BTreeSet::new();
        for (place, number) in self.numbers.iter().enumerate() {
            let field = |name: &str| format!("numbers[{place}].{name}");
            if !number.country.is_empty() && !country::is_known(&number.country) {
                let text = format!("{:?} is no country: give an ISO 3166-1 code such as SE", number.country);
                return Err((field("country"), text));
            }
            if !seen.insert((&number.country, number.number_type)) {
                return Err((field("type"), "this country and type is there twice".to_owned()));
            }
            price(number.monthly_micros).map_err(|text| (field("monthly"), text))?;
            price(number.setup_micros).map_err(|text| (field("setup"), text))?;
        }
        Ok(())
    }

    fn check_terms(&self) -> Result<(), (String, String)> {
        let counts =
            [("terms", self.terms.len()), ("periods", self.periods.len()), ("volumes", self.volumes.len())];
        for (field, count) in counts {
            if count > PERIODS_MAX {
                return Err((field.to_owned(), format!("give {PERIODS_MAX} at most")));
            }
        }
        for (place, terms) in self.terms.iter().enumerate() {
            terms.terms.check().map_err(|(name, text)| (format!("terms[{place}].{name}"), text))?;
            if terms.kinds.iter().any(|kind| !LineKind::LEGS.contains(kind)) {
                let text = "give outbound, inbound, app or trunk".to_owned();
                return Err((format!("terms[{place}].kinds"), text));
            }
        }
        for (place, period) in self.periods.iter().enumerate() {
            period.check().map_err(|(name, text)| (format!("periods[{place}].{name}"), text))?;
        }
        let mut seen = BTreeSet::new();
        for (place, volume) in self.volumes.iter().enumerate() {
            volume.check().map_err(|(name, text)| (format!("volumes[{place}].{name}"), text))?;
            if !seen.insert(volume.kind) {
                let text = "there is a volume price for this kind of leg already".to_owned();
                return Err((format!("volumes[{place}].kind"), text));
            }
        }
        Ok(())
    }
}

const fn inbound_field(kind: NumberType) -> &'static str {
    match kind {
        NumberType::Geographic => "inbound.geographic",
        NumberType::TollFree => "inbound.tollFree",
        NumberType::Mobile => "inbound.mobile",
    }
}

fn price(micros: i64) -> Result<(), String> {
    if (0..=PRICE_MAX_MICROS).contains(&micros) {
        return Ok(());
    }
    Err("a price is zero or more, and a million units at most".to_owned())
}

/// The plan of a tenant that signs up while the sandbox is on.
#[must_use]
pub fn sandbox_plan(id: PlanId) -> PricePlan {
    use NumberType::{Geographic, Mobile, TollFree};
    PricePlan {
        id,
        name: "sandbox".to_owned(),
        version: "sandbox-1".to_owned(),
        currency: Currency::USD,
        hold_seconds: DEFAULT_HOLD_SECONDS,
        increment_ms: 1,
        outbound: vec![Rate::new("1", 13_000), Rate::new("", 20_000)],
        inbound: vec![(Geographic, 8_500), (Mobile, 8_500), (TollFree, 22_000)],
        app_leg_micros: 4_000,
        trunk_leg_micros: 4_000,
        monthly: vec![(Geographic, 1_000_000), (Mobile, 1_000_000), (TollFree, 2_000_000)],
        numbers: Vec::new(),
        prorate: false,
        tax: Tax::Exclusive,
        terms: Vec::new(),
        periods: Vec::new(),
        volumes: Vec::new(),
        deck: None,
        base: None,
    }
}
