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
    ids::{CarrierId, TenantId},
    money::Currency,
    phone::Dialled,
    rating::Quote,
};
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
}

/// What the paying tenant has at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// Balance plus credit limit minus holds, micro-units of the plan's currency.
    pub available_micros: i64,
    /// Calls of the tenant that are up.
    pub live_calls: u32,
    /// Calls of the tenant that began in the last second.
    pub calls_last_second: u32,
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
    /// The rule's name: `caller`, `number`, `route`, `trunk`, `carrier`, `callerId`, `limits`, `price`, `funds`.
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
            plan: Vec::new(),
            quote: Quote { currency: Currency::USD, lines: Vec::new() },
            hold_seconds: crate::rating::DEFAULT_HOLD_SECONDS,
            max_duration_seconds: 0,
            config: Vec::new(),
            trace: Vec::new(),
        }
    }
}
