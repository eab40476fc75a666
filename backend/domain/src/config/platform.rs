//! What belongs to no tenant.

use super::{
    audio::Audio,
    carrier::{CARRIER_ORDER, Carrier, CarrierOrder},
    emergency::EmergencyCountry,
    is_default,
};
use crate::{rating::PricePlan, stir};
use serde::{Deserialize, Serialize};

/// What this build and its settings can do at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// SIP over TLS.
    pub sip_tls: bool,
    /// SRTP.
    pub srtp: bool,
}

/// What belongs to no tenant: carriers, plans, abilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Platform {
    /// The carriers.
    pub carriers: Vec<Carrier>,
    /// The price plans.
    pub plans: Vec<PricePlan>,
    /// What works.
    pub abilities: Abilities,
    /// By what carriers with an equally long prefix are put in order: the first that tells them apart decides.
    #[serde(default = "carrier_order", skip_serializing_if = "is_carrier_order")]
    pub carrier_order: Vec<CarrierOrder>,
    /// Emergency calls, per country.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergency: Vec<EmergencyCountry>,
    /// Signatures of calls that come from carriers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stir: stir::Policy,
    /// Codecs and the echo.
    #[serde(default, skip_serializing_if = "is_default")]
    pub audio: Audio,
}

fn carrier_order() -> Vec<CarrierOrder> {
    CARRIER_ORDER.to_vec()
}

fn is_carrier_order(order: &[CarrierOrder]) -> bool {
    order == CARRIER_ORDER
}

impl Platform {
    /// Carriers and plans with everything else as it is where nothing is set.
    #[must_use]
    pub fn new(carriers: Vec<Carrier>, plans: Vec<PricePlan>, abilities: Abilities) -> Self {
        Self {
            carriers,
            plans,
            abilities,
            carrier_order: carrier_order(),
            emergency: Vec::new(),
            stir: stir::Policy::default(),
            audio: Audio::default(),
        }
    }
}
