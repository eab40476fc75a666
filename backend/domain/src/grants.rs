//! What an API key, or a token that was made with a key, may do: a set of words such as `numbers.read`.

use crate::access::Permission;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One thing that a key may be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grant {
    /// `tenant.read`: the tenant, its limits and plan.
    TenantRead,
    /// `numbers.read`.
    NumbersRead,
    /// `numbers.write`: search, buy, bind and release; reading too.
    NumbersWrite,
    /// `routing.read`: trunks, routes, domains, SIP users, protection.
    RoutingRead,
    /// `routing.write`: changing them; reading too.
    RoutingWrite,
    /// `calls.read`: records, traces, simulations.
    CallsRead,
    /// `calls.write`: end calls, have the sandbox call; reading too.
    CallsWrite,
    /// `recordings.read`: recordings of calls, and listening to them.
    RecordingsRead,
    /// `recordings.write`: begin, pause, end and delete recordings, and the policy; reading and listening too.
    RecordingsWrite,
    /// `money.read`: balance, ledger, invoices, prices.
    MoneyRead,
    /// `identities.write`: users of apps and their tokens.
    IdentitiesWrite,
    /// `audit.read`: who changed what.
    AuditRead,
    /// `events.read`: webhooks and their delivery logs.
    EventsRead,
    /// `events.write`: making, changing and trying webhooks; reading too.
    EventsWrite,
    /// `operator.read`: the operator's side, without changing anything.
    OperatorRead,
    /// `operator.write`: everything of the operator.
    OperatorWrite,
}

impl Grant {
    /// All of them, in the order of pages and documents.
    pub const ALL: [Self; 16] = [
        Self::TenantRead,
        Self::NumbersRead,
        Self::NumbersWrite,
        Self::RoutingRead,
        Self::RoutingWrite,
        Self::CallsRead,
        Self::CallsWrite,
        Self::RecordingsRead,
        Self::RecordingsWrite,
        Self::MoneyRead,
        Self::IdentitiesWrite,
        Self::AuditRead,
        Self::EventsRead,
        Self::EventsWrite,
        Self::OperatorRead,
        Self::OperatorWrite,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TenantRead => "tenant.read",
            Self::NumbersRead => "numbers.read",
            Self::NumbersWrite => "numbers.write",
            Self::RoutingRead => "routing.read",
            Self::RoutingWrite => "routing.write",
            Self::CallsRead => "calls.read",
            Self::CallsWrite => "calls.write",
            Self::RecordingsRead => "recordings.read",
            Self::RecordingsWrite => "recordings.write",
            Self::MoneyRead => "money.read",
            Self::IdentitiesWrite => "identities.write",
            Self::AuditRead => "audit.read",
            Self::EventsRead => "events.read",
            Self::EventsWrite => "events.write",
            Self::OperatorRead => "operator.read",
            Self::OperatorWrite => "operator.write",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.word() == word)
    }

    /// Whether it is for keys of the operator, and not for those of tenants.
    #[must_use]
    pub const fn is_operators(self) -> bool {
        matches!(self, Self::OperatorRead | Self::OperatorWrite)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of grants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grants(u16);

/// A word that grants nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}")]
pub struct NoGrant(pub String);

impl Grants {
    /// All that a tenant's key can be granted: what an access key may do.
    #[must_use]
    pub fn of_tenant() -> Self {
        Grant::ALL.into_iter().filter(|grant| !grant.is_operators()).collect()
    }

    /// Whether nothing is granted.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn has(self, grant: Grant) -> bool {
        self.0 & grant.bit() != 0
    }

    /// Whether each of these stands in `others`, too.
    #[must_use]
    pub const fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// The grants, in their order.
    pub fn iter(self) -> impl Iterator<Item = Grant> {
        Grant::ALL.into_iter().filter(move |grant| self.has(*grant))
    }

    /// Whether they cover a permission. Keys are made by people alone.
    #[must_use]
    pub const fn allow(self, permission: Permission) -> bool {
        use Grant as G;
        match permission {
            Permission::ReadTenant => self.has(G::TenantRead),
            Permission::ReadNumbers => self.has(G::NumbersRead) || self.has(G::NumbersWrite),
            Permission::ManageNumbers => self.has(G::NumbersWrite),
            Permission::ReadRouting => self.has(G::RoutingRead) || self.has(G::RoutingWrite),
            Permission::ManageRouting => self.has(G::RoutingWrite),
            Permission::ReadCalls => self.has(G::CallsRead) || self.has(G::CallsWrite),
            Permission::ControlCalls => self.has(G::CallsWrite),
            Permission::ReadRecordings => self.has(G::RecordingsRead) || self.has(G::RecordingsWrite),
            Permission::ManageRecordings => self.has(G::RecordingsWrite),
            Permission::ReadMoney => self.has(G::MoneyRead),
            Permission::ManageIdentities => self.has(G::IdentitiesWrite),
            Permission::ReadEvents => self.has(G::EventsRead) || self.has(G::EventsWrite),
            Permission::ManageEvents => self.has(G::EventsWrite),
            Permission::ReadAudit => self.has(G::AuditRead),
            Permission::ManageAccess => false,
            Permission::Operate => self.has(G::OperatorRead) || self.has(G::OperatorWrite),
        }
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        Self(grants.into_iter().fold(0, |bits, grant| bits | grant.bit()))
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, grant) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(grant.word())?;
        }
        Ok(())
    }
}

impl FromStr for Grants {
    type Err = NoGrant;
    fn from_str(text: &str) -> Result<Self, NoGrant> {
        let grant = |word: &str| Grant::from_word(word).ok_or_else(|| NoGrant(word.to_owned()));
        text.split_ascii_whitespace().map(grant).collect()
    }
}

impl TryFrom<String> for Grants {
    type Error = NoGrant;
    fn try_from(text: String) -> Result<Self, NoGrant> {
        text.parse()
    }
}

impl From<Grants> for String {
    fn from(grants: Grants) -> Self {
        grants.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_written_and_read_as_the_same_words() {
        let all: Grants = Grant::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!(all.iter().count(), Grant::ALL.len(), "each has a bit of its own");
        assert_eq!("numbers.read, money.read".parse::<Grants>(), Err(NoGrant("numbers.read,".into())));
        assert!(Grants::default().is_empty() && !all.is_empty());
    }

    #[test]
    fn writing_includes_reading_and_nothing_else_is_included() {
        let grants: Grants = [Grant::RoutingWrite].into_iter().collect();
        assert!(grants.allow(Permission::ReadRouting) && grants.allow(Permission::ManageRouting));
        assert!(!grants.allow(Permission::ReadNumbers) && !grants.allow(Permission::Operate));
        assert!(!Grants::of_tenant().allow(Permission::Operate));
        assert!(!Grants::of_tenant().allow(Permission::ManageAccess));
    }

    #[test]
    fn a_narrower_set_is_within_a_wider_one() {
        let narrow: Grants = [Grant::CallsRead].into_iter().collect();
        assert!(narrow.is_within(Grants::of_tenant()) && !Grants::of_tenant().is_within(narrow));
    }
}
