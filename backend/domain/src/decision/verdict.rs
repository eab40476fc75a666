//! What comes out of a decision.

use super::trace::Trace;
use crate::{
    cause::{Cause, Direction},
    config::FAILOVER_STATUSES,
    ids::{CarrierId, TenantId},
    money::Currency,
    phone::E164,
    rating::Quote,
    stir::Verstat,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// Versions of configuration that a new decision has room for: those of the platform and of two tenants.
const VERSIONS: usize = 3;

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
    /// The platform itself, which says what it hears.
    Echo,
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
    pub failover_on: Cow<'static, [u16]>,
}

/// Who records, also as it was kept while one tenant alone could.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TenantId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        One(TenantId),
        More(Vec<TenantId>),
    }
    Ok(match Kept::deserialize(deserializer)? {
        Kept::One(tenant) => vec![tenant],
        Kept::More(tenants) => tenants,
    })
}

const fn failover_statuses() -> Cow<'static, [u16]> {
    Cow::Borrowed(&FAILOVER_STATUSES)
}

fn is_standard_failover(statuses: &[u16]) -> bool {
    *statuses == FAILOVER_STATUSES
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
    /// What the callee's trunk is told about the signature of the call; `None` is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verstat: Option<Verstat>,
    /// Whose recordings begin with the answer, each by its own policy: of who pays, and of the callee's tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub recording: Vec<TenantId>,
    /// Whom to ring, in order.
    pub plan: Vec<Attempt>,
    /// What it costs.
    pub quote: Quote,
    /// What the first hold takes, and what each extension adds up to: seconds.
    pub hold_seconds: u32,
    /// How long the money lasts, in seconds, [`CALL_MAX_SECONDS`] at most; 0 for a refused call.
    pub max_duration_seconds: u64,
    /// How long a call may last by the caps on what it may cost, seconds; `None` where no cap ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_seconds: Option<u64>,
    /// The versions of the configuration that were read.
    pub config: Vec<String>,
    /// How it came about.
    pub trace: Trace,
}

impl Decision {
    /// Whether the call is connected.
    #[must_use]
    pub const fn connects(&self) -> bool {
        matches!(self.verdict, Verdict::Connect)
    }

    /// The tenant whose phone or trunk is rung first; `None` where that is a carrier, the echo, or nobody.
    #[must_use]
    pub fn rung(&self) -> Option<TenantId> {
        match &self.plan.first()?.target {
            Target::User { tenant, .. } | Target::Trunk { tenant, .. } => Some(*tenant),
            Target::Carrier { .. } | Target::Echo => None,
        }
    }

    pub(super) fn undecided() -> Self {
        Self {
            verdict: Verdict::Connect,
            payer: None,
            direction: Direction::Outbound,
            status: None,
            emergency: None,
            verstat: None,
            recording: Vec::new(),
            plan: Vec::new(),
            quote: Quote { currency: Currency::USD, lines: Vec::new() },
            hold_seconds: crate::rating::DEFAULT_HOLD_SECONDS,
            max_duration_seconds: 0,
            cap_seconds: None,
            config: Vec::with_capacity(VERSIONS),
            trace: Trace::new(),
        }
    }
}
