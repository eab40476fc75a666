//! Numbers as goods: types, capabilities, bindings, cost.

use crate::{
    ids::{LeaseId, TenantId},
    money::Money,
    phone::E164,
};
use serde::{Deserialize, Serialize};

/// The kind of a number (`acs-wire` words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NumberType {
    /// Bound to an area.
    Geographic,
    /// Free for its caller.
    TollFree,
    /// A mobile number.
    Mobile,
}

/// What a number is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AssignmentType {
    /// A human agent.
    Person,
    /// A program.
    Application,
}

/// Which directions a capability covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Neither.
    #[serde(rename = "none")]
    None,
    /// To the number.
    #[serde(rename = "inbound")]
    Inbound,
    /// From the number.
    #[serde(rename = "outbound")]
    Outbound,
    /// Both ways.
    #[serde(rename = "inbound+outbound")]
    InboundOutbound,
}

impl Capability {
    /// Whether this one covers `wanted`.
    #[must_use]
    pub const fn covers(self, wanted: Self) -> bool {
        matches!(
            (self, wanted),
            (_, Self::None)
                | (Self::InboundOutbound, _)
                | (Self::Inbound, Self::Inbound)
                | (Self::Outbound, Self::Outbound)
        )
    }
}

/// What a number can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Capabilities {
    /// Telephone calls.
    pub calling: Capability,
    /// Text messages.
    pub sms: Capability,
}

macro_rules! words {
    ($($ty:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl $ty {
            /// The word on the wire and in the database.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl ::std::str::FromStr for $ty {
            type Err = $crate::numbering::UnknownWord;
            /// Compares without case, as the SDKs are not of one mind.
            fn from_str(text: &str) -> Result<Self, $crate::numbering::UnknownWord> {
                $(if text.eq_ignore_ascii_case($word) { return Ok(Self::$variant); })+
                Err($crate::numbering::UnknownWord { expected: concat!($($word, " "),+) })
            }
        }
    )+};
}
pub(crate) use words;

/// A word that is not one of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of: {expected}")]
pub struct UnknownWord {
    /// The words, separated by spaces.
    pub expected: &'static str,
}

words! {
    NumberType { Geographic = "geographic", TollFree = "tollFree", Mobile = "mobile" }
    AssignmentType { Person = "person", Application = "application" }
    Capability { None = "none", Inbound = "inbound", Outbound = "outbound", InboundOutbound = "inbound+outbound" }
}

/// Where calls to an owned number go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "target", rename_all = "camelCase")]
pub enum Binding {
    /// To a trunk, by its FQDN.
    Trunk(String),
    /// To a SIP user, by its name.
    User(String),
    /// To an application.
    Application(String),
    /// To another number.
    Forward(E164),
    /// Nowhere.
    None,
}

/// A number that can be sold, as a supplier describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The number.
    pub number: E164,
    /// Its kind.
    pub number_type: NumberType,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The place, where it has one.
    pub locality: Option<String>,
    /// The area code, where it has one.
    pub area_code: Option<String>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What a month costs the tenant.
    pub monthly: Money,
}

/// A number that a tenant owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The lease.
    pub lease: LeaseId,
    /// Its owner.
    pub tenant: TenantId,
    /// The number.
    pub number: E164,
    /// Its kind, which prices inbound calls.
    pub number_type: NumberType,
    /// Where calls to it go.
    pub binding: Binding,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_kind_and_target_on_the_wire() {
        let json = serde_json::to_value(Binding::User("anna".into())).ok();
        assert_eq!(json, Some(serde_json::json!({"kind": "user", "target": "anna"})));
        assert_eq!(
            serde_json::from_value::<Binding>(serde_json::json!({"kind": "none"})).ok(),
            Some(Binding::None)
        );
    }

    #[test]
    fn both_ways_covers_each_way_and_one_way_not_the_other() {
        assert!(Capability::InboundOutbound.covers(Capability::Inbound));
        assert!(!Capability::Inbound.covers(Capability::Outbound));
        assert!(Capability::None.covers(Capability::None));
    }
}
