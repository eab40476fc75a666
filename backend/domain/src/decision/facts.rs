//! What a call is decided on.

use crate::{
    ids::{CarrierId, TenantId, TrunkId},
    phone::Dialled,
    rating::UsedVolume,
    stir::Verification,
    velocity::Stop,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a call comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Source {
    /// A SIP user or an app of a tenant.
    App {
        /// Its tenant.
        tenant: TenantId,
    },
    /// A tenant's trunk.
    Trunk {
        /// Its tenant.
        tenant: TenantId,
        /// Its name.
        fqdn: String,
    },
    /// A test phone of the platform's own, which calls through one trunk.
    Test {
        /// Whose trunk it is.
        tenant: TenantId,
        /// The trunk's name.
        fqdn: String,
    },
    /// A carrier; `None` where a dry run does not say which.
    Carrier {
        /// The carrier.
        carrier: Option<CarrierId>,
    },
}

/// What is known about a call when it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Where it comes from.
    pub source: Source,
    /// The caller id; `None` is anonymous.
    pub from: Option<Dialled>,
    /// What was dialled.
    pub to: Dialled,
    /// When it arrived: what times of day go by.
    #[serde(default)]
    pub at: DateTime<Utc>,
    /// What an order that is drawn for each call is drawn from: equal draws give equal orders. 0 for a dry run.
    #[serde(default)]
    pub draw: u64,
    /// What was found out about the signature of a call from a carrier; `None` where it carries none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Box<Verification>>,
}

impl Facts {
    /// The facts of a call at the beginning of time, with nothing drawn.
    #[must_use]
    pub const fn new(source: Source, from: Option<Dialled>, to: Dialled) -> Self {
        Self { source, from, to, at: DateTime::UNIX_EPOCH, draw: 0, identity: None }
    }
}

/// A trunk or a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "camelCase")]
pub enum Peer {
    /// A trunk.
    Trunk(TrunkId),
    /// A carrier.
    Carrier(CarrierId),
}

/// How much a trunk or carrier has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerLoad {
    /// Which.
    pub peer: Peer,
    /// Its calls that are up, of all tenants.
    pub live_calls: u32,
    /// Its calls that began in the last second.
    pub calls_last_second: u32,
}

/// What is going on beside money. It is kept with the decision, so it names only what may change one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// What the payer's calls of this day (UTC) have cost so far, micro-units.
    pub spent_today_micros: i64,
    /// Trunks of the payer and carriers that are near a limit of theirs. One that is not named has room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<PeerLoad>,
    /// Trunks and carriers that missed their last health checks, of those that the call might take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offline: Vec<Peer>,
    /// What the payer has used of this month's free minutes and volume, where its plan counts them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<UsedVolume>,
    /// What the payer may owe at worst, micro-units, where that has a cap.
    #[serde(skip_serializing_if = "is_zero")]
    pub exposure_micros: i64,
    /// What was stopped because too much was spent too fast.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<Stop>,
}

const fn is_zero(micros: &i64) -> bool {
    *micros == 0
}

impl Usage {
    /// Nothing spent, nothing busy, nothing offline.
    pub const NONE: Self = Self {
        spent_today_micros: 0,
        loads: Vec::new(),
        offline: Vec::new(),
        volumes: Vec::new(),
        exposure_micros: 0,
        stops: Vec::new(),
    };

    /// The load of a peer, where it is named.
    #[must_use]
    pub fn load(&self, peer: Peer) -> Option<&PeerLoad> {
        self.loads.iter().find(|load| load.peer == peer)
    }

    fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// What the paying tenant has at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// Balance plus credit limit minus holds, micro-units of the plan's currency.
    pub available_micros: i64,
    /// Calls of the tenant that are up.
    pub live_calls: u32,
    /// Calls of the tenant that began in the last second.
    pub calls_last_second: u32,
    /// What is going on beside money.
    #[serde(default, skip_serializing_if = "Usage::is_none")]
    pub usage: Usage,
}
