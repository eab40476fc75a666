//! The one decision about a call: used live, for dry runs and for post-mortems.
//!
//! [`decide`] is pure, and is the only code that says what happens to a call. Its rules stand in `rules`, in the order
//! in which they are asked.

mod rules;
#[cfg(test)]
mod tests;

pub use rules::decide;

use crate::{
    cause::{Cause, Direction},
    config::FAILOVER_STATUSES,
    ids::{CarrierId, TenantId, TrunkId},
    money::Currency,
    phone::{Dialled, E164},
    rating::Quote,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The longest call, in seconds, whatever the money says.
pub const CALL_MAX_SECONDS: u64 = 4 * 3600;

/// How often a call follows a number that forwards.
pub const FORWARDS_MAX: usize = 3;

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
}

impl Facts {
    /// The facts of a call at the beginning of time, with nothing drawn.
    #[must_use]
    pub const fn new(source: Source, from: Option<Dialled>, to: Dialled) -> Self {
        Self { source, from, to, at: DateTime::UNIX_EPOCH, draw: 0 }
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
}

impl Usage {
    /// Nothing spent, nothing busy, nothing offline.
    pub const NONE: Self = Self { spent_today_micros: 0, loads: Vec::new(), offline: Vec::new() };

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

/// What happens to the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    /// It is connected along the plan.
    Connect,
    /// It is refused.
    Refuse {
        /// The cause word.
        cause: Cause,
        /// One sentence: what is missing, and how much of it.
        detail: String,
    },
}

/// Whom to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Target {
    /// The registered phones of a SIP user.
    User {
        /// Its tenant.
        tenant: TenantId,
        /// Its name.
        username: String,
    },
    /// A tenant's trunk.
    Trunk {
        /// Its tenant.
        tenant: TenantId,
        /// Its name.
        fqdn: String,
    },
    /// A carrier.
    Carrier {
        /// The carrier.
        carrier: CarrierId,
        /// Its name.
        name: String,
    },
}

/// One try of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Whom.
    pub target: Target,
    /// The caller id shown; `None` is anonymous.
    pub caller_id: Option<String>,
    /// The number or user that is asked for.
    pub callee: String,
    /// The final statuses on which the next try begins, beside silence and a failed connection.
    #[serde(default = "failover_statuses", skip_serializing_if = "is_standard_failover")]
    pub failover_on: Vec<u16>,
}

fn failover_statuses() -> Vec<u16> {
    FAILOVER_STATUSES.to_vec()
}

fn is_standard_failover(statuses: &[u16]) -> bool {
    statuses == FAILOVER_STATUSES
}

/// What kind of emergency call it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyCall {
    /// The country whose service is called (ISO 3166-1 alpha-2).
    pub country: String,
    /// Whether a test number was dialled, which no call taker hears.
    pub is_test: bool,
    /// The number whose registered address counts; `None` where none is registered.
    pub registered: Option<E164>,
}

/// How one rule judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// The call went on.
    Passed,
    /// The rule did not apply.
    Skipped,
    /// The rule ended the decision.
    Refused,
}

/// One line of the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rule's name: `emergency`, `caller`, `number`, `rewrite`, `route`, `trunk`, `destination`, `carrier`, `margin`,
    /// `callerId`, `limits`, `price`, `caps`, `funds`. What `margin` says is for the operator alone.
    pub rule: String,
    /// How it judged.
    pub mark: Mark,
    /// One sentence.
    pub text: String,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What happens.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Who pays; `None` where nobody was found to.
    pub payer: Option<TenantId>,
    /// Seen from the payer.
    pub direction: Direction,
    /// The SIP status of the refusal, where it is another one than its cause's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Set for an emergency call: it is asked for no money, and no limit holds it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyCall>,
    /// Whom to ring, in order.
    pub plan: Vec<Attempt>,
    /// What it costs.
    pub quote: Quote,
    /// What the first hold takes, and what each extension adds up to: seconds.
    pub hold_seconds: u32,
    /// How long the money lasts, in seconds, [`CALL_MAX_SECONDS`] at most; 0 for a refused call.
    pub max_duration_seconds: u64,
    /// The versions of the configuration that were read.
    pub config: Vec<String>,
    /// How it came about.
    pub trace: Vec<Step>,
}

impl Decision {
    /// Whether the call is connected.
    #[must_use]
    pub const fn connects(&self) -> bool {
        matches!(self.verdict, Verdict::Connect)
    }

    fn undecided() -> Self {
        Self {
            verdict: Verdict::Connect,
            payer: None,
            direction: Direction::Outbound,
            status: None,
            emergency: None,
            plan: Vec::new(),
            quote: Quote { currency: Currency::USD, lines: Vec::new() },
            hold_seconds: crate::rating::DEFAULT_HOLD_SECONDS,
            max_duration_seconds: 0,
            config: Vec::new(),
            trace: Vec::new(),
        }
    }
}
