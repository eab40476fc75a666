//! Typed identifiers. They are UUIDs (version 7 when the caller makes them from time and randomness), so that a
//! tenant's id can never be passed where a number's is meant.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

id! {
    /// A tenant: the organisation that signs up, owns numbers and trunks, and pays.
    TenantId,
    /// A person who signs in, of a tenant or of the operator.
    UserId,
    /// A lease of a number: from purchase to release.
    LeaseId,
    /// A trunk: a tenant's session border controller as it is known here.
    TrunkId,
    /// A SIP user: a phone that registers with digest.
    SipUserId,
    /// An upstream carrier of the operator.
    CarrierId,
    /// A call: both its legs, its record and its charges.
    CallId,
    /// A reservation of money for a call or an order.
    HoldId,
    /// A line of the ledger.
    EntryId,
    /// A decision about a call, kept with its facts and trace.
    DecisionId,
    /// A price plan.
    PlanId,
    /// A rate deck.
    DeckId,
    /// A registration of ours with a carrier or PBX.
    RegistrationId,
}
