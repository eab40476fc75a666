//! Who may do what. A [`Scope`] is the only key to a query, and is made in two ways alone: [`Actor::scope`] and
//! [`Scope::system`].

use crate::{
    grants::Grants,
    ids::{TenantId, UserId},
};
use serde::{Deserialize, Serialize};

/// The role of a person or key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Runs the platform.
    Operator,
    /// Owns a tenant: everything in it.
    Owner,
    /// A tenant's access key (HMAC): everything in it but people.
    Key,
    /// An API key, or a machine's token: what it was granted and nothing else.
    Machine(Grants),
    /// A user of a tenant's app, by its token: nothing but itself.
    AppUser,
}

/// What an actor wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read the tenant, its limits, balance and plan.
    ReadTenant,
    /// Read numbers and their bindings.
    ReadNumbers,
    /// Search, buy, bind and release numbers.
    ManageNumbers,
    /// Read trunks, routes, domains and SIP users.
    ReadRouting,
    /// Change trunks, routes, domains and SIP users.
    ManageRouting,
    /// Read calls, their traces and decisions; simulate.
    ReadCalls,
    /// End a live call; have the sandbox call.
    ControlCalls,
    /// Read what was recorded of calls, and listen to it.
    ReadRecordings,
    /// Begin, pause, end and delete recordings of calls, and say which are made.
    ManageRecordings,
    /// Read balance, ledger, invoices, prices.
    ReadMoney,
    /// Make and delete users of the tenant's apps, and issue and revoke their tokens.
    ManageIdentities,
    /// Read who changed what.
    ReadAudit,
    /// Make, change and revoke keys: access keys and API keys. People alone, so that no key makes another.
    ManageAccess,
    /// Read subscriptions to events, and their delivery logs.
    ReadEvents,
    /// Make, change and try subscriptions to events, and have events delivered again.
    ManageEvents,
    /// Everything of the operator: tenants, carriers, inventory, credit.
    Operate,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person, where a person is behind it.
    pub user: Option<UserId>,
    /// The tenant; `None` for operators.
    pub tenant: Option<TenantId>,
    /// The role.
    pub role: Role,
    /// How the audit names it: an e-mail address, or `key:primary`.
    pub name: String,
}

/// The actor may not do this. To a stranger of a tenant the door answers 404, never 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this sign-in may not do that: its role, or the scopes of its key, do not cover it")]
pub struct Denied;

/// The key to a query: what it may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Reach);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Tenant(TenantId),
    Operator,
    System(&'static str),
}

impl Role {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Owner => "owner",
            Self::Key => "key",
            Self::Machine(_) => "machine",
            Self::AppUser => "appUser",
        }
    }
}

impl Actor {
    /// The scope in which this actor may do `permission`.
    ///
    /// # Errors
    /// [`Denied`] where its role does not cover it.
    pub const fn scope(&self, permission: Permission) -> Result<Scope, Denied> {
        match (self.role, permission, self.tenant) {
            (Role::Operator, Permission::Operate, _) => Ok(Scope(Reach::Operator)),
            (Role::Machine(grants), Permission::Operate, None) if grants.allow(permission) => {
                Ok(Scope(Reach::Operator))
            }
            (Role::AppUser, _, _)
            | (_, Permission::Operate, _)
            | (Role::Key, Permission::ManageAccess, _)
            | (_, _, None) => Err(Denied),
            (Role::Machine(grants), _, Some(tenant)) => {
                if grants.allow(permission) {
                    Ok(Scope(Reach::Tenant(tenant)))
                } else {
                    Err(Denied)
                }
            }
            (Role::Operator | Role::Owner | Role::Key, _, Some(tenant)) => Ok(Scope(Reach::Tenant(tenant))),
        }
    }

    /// Whether the operator's side is there for this actor.
    #[must_use]
    pub const fn operates(&self) -> bool {
        self.scope(Permission::Operate).is_ok()
    }
}

impl Scope {
    /// The scope of the platform's own work, which sees every tenant. The reason is for whoever searches the code.
    #[must_use]
    pub const fn system(reason: &'static str) -> Self {
        Self(Reach::System(reason))
    }

    /// The one tenant this scope sees; `None` means all.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        match self.0 {
            Reach::Tenant(tenant) => Some(tenant),
            Reach::Operator | Reach::System(_) => None,
        }
    }

    /// Whether rows of `tenant` may be seen.
    #[must_use]
    pub fn covers(&self, tenant: TenantId) -> bool {
        self.tenant().is_none_or(|own| own == tenant)
    }

    /// The same reach, narrowed to one tenant: what the operator or the system does for a tenant.
    ///
    /// # Errors
    /// [`Denied`] where this scope does not see that tenant.
    pub fn narrow(&self, tenant: TenantId) -> Result<Self, Denied> {
        if self.covers(tenant) { Ok(Self(Reach::Tenant(tenant))) } else { Err(Denied) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_tenants_key_sees_its_tenant_alone_and_never_operates() {
        let tenant = TenantId(Uuid::from_u128(1));
        let key = Actor { user: None, tenant: Some(tenant), role: Role::Key, name: "key:primary".into() };
        let scope = key.scope(Permission::ReadNumbers).expect("keys read numbers");
        assert!(scope.covers(tenant) && !scope.covers(TenantId(Uuid::from_u128(2))));
        assert!(scope.narrow(TenantId(Uuid::from_u128(2))).is_err());
        assert_eq!(key.scope(Permission::Operate), Err(Denied));
    }

    #[test]
    fn a_user_of_an_app_may_nothing_in_its_tenant() {
        let tenant = Some(TenantId(Uuid::from_u128(1)));
        let user = Actor { user: None, tenant, role: Role::AppUser, name: "8:acs:1_2".into() };
        for permission in [Permission::ReadTenant, Permission::ReadCalls, Permission::ManageIdentities] {
            assert_eq!(user.scope(permission), Err(Denied));
        }
    }

    #[test]
    fn a_machine_may_what_it_was_granted_and_never_makes_keys() {
        let tenant = TenantId(Uuid::from_u128(1));
        let machine = |tenant, words: &str| Actor {
            user: None,
            tenant,
            role: Role::Machine(words.parse().expect("grants")),
            name: "apiKey:ci".into(),
        };
        let own = machine(Some(tenant), "numbers.write calls.read");
        for permission in [Permission::ReadNumbers, Permission::ManageNumbers, Permission::ReadCalls] {
            assert_eq!(own.scope(permission).map(|scope| scope.tenant()), Ok(Some(tenant)), "{permission:?}");
        }
        for permission in [Permission::ControlCalls, Permission::ManageAccess, Permission::Operate] {
            assert_eq!(own.scope(permission), Err(Denied), "{permission:?}");
        }
        assert_eq!(machine(Some(tenant), "operator.write").scope(Permission::Operate), Err(Denied));
        assert!(machine(None, "operator.read").operates() && !machine(None, "calls.read").operates());
        let key = Actor { role: Role::Key, ..own };
        assert_eq!(key.scope(Permission::ManageAccess), Err(Denied), "an access key makes no keys either");
    }

    #[test]
    fn an_operator_operates_but_is_in_no_tenant() {
        let operator = Actor { user: None, tenant: None, role: Role::Operator, name: "op".into() };
        assert!(operator.scope(Permission::Operate).is_ok());
        assert_eq!(operator.scope(Permission::ReadNumbers), Err(Denied));
    }
}
