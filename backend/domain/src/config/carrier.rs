//! Carriers of the operator.

use super::{
    Fault, is_default,
    peer::{Limits, PeerPolicy, Transport},
    window::Window,
};
use crate::{country, ids::CarrierId, money::Currency, rating::DeckUse, stir::Signing};
use serde::{Deserialize, Serialize};

/// The quality of a carrier of which nothing is said.
pub const DEFAULT_QUALITY: u8 = 50;

/// A prefix that a carrier carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarrierPrefix {
    /// Digits without `+`; empty is everything.
    pub prefix: String,
    /// What a minute costs the operator, micro-units of the carrier's currency.
    pub cost_per_minute_micros: i64,
    /// When it is carried at this cost; empty is always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
}

/// Which caller ids a carrier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallerIdPolicy {
    /// Any.
    Any,
    /// Numbers that the tenant owns here.
    Owned,
}

/// A host of a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierHost {
    /// An IP address or a name.
    pub address: String,
    /// Its SIP port.
    pub port: u16,
    /// Its transport.
    pub transport: Transport,
}

/// By what carriers with an equally long prefix are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CarrierOrder {
    /// The cheaper one first (least-cost routing).
    Cost,
    /// The better one first.
    Quality,
    /// The one with more room first.
    Capacity,
    /// By chance, in proportion to their weights. What comes after it has no say.
    Weight,
}

/// The order of carriers, unless the operator sets another.
pub const CARRIER_ORDER: [CarrierOrder; 3] =
    [CarrierOrder::Cost, CarrierOrder::Quality, CarrierOrder::Capacity];

/// An upstream carrier of the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// Its identifier.
    pub id: CarrierId,
    /// Its name.
    pub name: String,
    /// Whether it is the simulated one, which comes after every real one with a matching prefix.
    pub sandbox: bool,
    /// Whether it is used.
    pub enabled: bool,
    /// Its hosts, in order.
    pub hosts: Vec<CarrierHost>,
    /// Which caller ids it takes.
    #[serde(alias = "caller_id")]
    pub caller_id: CallerIdPolicy,
    /// Its limits.
    pub limits: Limits,
    /// What it carries.
    pub prefixes: Vec<CarrierPrefix>,
    /// How good it is, 0 to 100.
    #[serde(default = "default_quality", skip_serializing_if = "is_default_quality")]
    pub quality: u8,
    /// Calls that it can carry, for the order by capacity; `None` is its limit of parallel calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Its share among its equals; 0 comes last.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// How we speak with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: PeerPolicy,
    /// Countries whose emergency calls it can take (ISO 3166-1 alpha-2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergency_countries: Vec<String>,
    /// Which calls to it are signed, where the platform has a key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signing: Signing,
    /// Whether the signatures of its calls are left alone: it is no part of a network that signs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unverified: bool,
    /// In what its costs are.
    #[serde(default = "usd", skip_serializing_if = "is_usd")]
    pub currency: Currency,
    /// What it carries beside its prefixes, which go before equally long ones of the deck, and at what cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deck: Option<DeckUse>,
}

const fn default_quality() -> u8 {
    DEFAULT_QUALITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_default_quality(quality: &u8) -> bool {
    *quality == DEFAULT_QUALITY
}

const fn usd() -> Currency {
    Currency::USD
}

fn is_usd(currency: &Currency) -> bool {
    *currency == Currency::USD
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_one(weight: &u32) -> bool {
    *weight == 1
}

impl Carrier {
    /// Whether its settings are in their bounds.
    ///
    /// # Errors
    /// [`Fault`] names the field and the remedy.
    pub fn check(&self) -> Result<(), Fault> {
        if self.quality > 100 {
            return Err(Fault::new("quality", "give a number from 0 to 100"));
        }
        if let Some(unknown) = self.emergency_countries.iter().find(|code| !country::is_known(code)) {
            let message = format!("{unknown:?} is no country: give ISO 3166-1 codes such as SE");
            return Err(Fault::new("emergencyCountries", message));
        }
        self.policy.check()
    }

    /// Calls that it can carry, for the order by capacity.
    #[must_use]
    pub fn room(&self) -> u32 {
        self.capacity.unwrap_or(self.limits.max_calls)
    }
}
