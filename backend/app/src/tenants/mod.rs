//! Tenants: sign-up, sign-in, tokens, access keys, limits.

mod create;
mod doorman;
mod found;
mod get;
mod key;
mod list;
mod overview;
mod password;
mod sign_in;
mod sign_up;
mod slug;
mod token;
mod update;
mod verify;
mod view;

pub use create::create;
pub(crate) use doorman::Doorman;
pub(crate) use found::email as email_address;
pub use get::{get, get_of};
pub use key::actor_by_key;
pub use list::list;
pub use overview::{Overview, overview};
pub(crate) use password::hash as hash_password;
pub use sign_in::sign_in;
pub(crate) use sign_in::{actor_of, suspended};
pub use sign_up::sign_up;
pub(crate) use token::{Purpose, key as token_key, sign as sign_token};
pub use token::{actor_by_token, issue_token};
pub(crate) use update::check_limits;
pub use update::{Edit, TenantEdit, change, update};
pub use verify::verify_email;
pub(crate) use view::endpoint;

pub use crate::operators::ensure as ensure_operator;
use chrono::{DateTime, Utc};
use domain::{
    config::Limits,
    ids::{PlanId, TenantId},
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize};

/// What a newcomer says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTenant {
    /// The organisation's name, 1 to 100 characters; its slug is made from it.
    pub organization: String,
    /// The owner's e-mail address; each address signs up once.
    pub email: String,
    /// The owner's password, 10 to 256 characters.
    pub password: String,
    /// The token of an invitation, where somebody was invited.
    pub invitation: Option<String>,
}

/// A tenant by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRef {
    /// Its identifier.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// The two keys of a tenant, in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeys {
    /// The first.
    pub primary: String,
    /// The second, so that one can be changed while the other is in use.
    pub secondary: String,
}

/// What a tenant's programs need: shown at sign-up, and to the owner later.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedUp {
    /// The tenant.
    pub tenant: TenantRef,
    /// Its endpoint, `https://…`.
    pub endpoint: String,
    /// `endpoint=…;accesskey=…` with the primary key.
    pub connection_string: String,
    /// Both keys.
    pub access_keys: AccessKeys,
}

/// Whether a tenant may call and buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantStatus {
    /// It may.
    Active,
    /// Its owner has not shown yet that the e-mail address is theirs.
    Unverified,
    /// The operator stopped it.
    Suspended,
}

/// A price plan by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    /// Its identifier.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// The version of its prices.
    pub version: String,
    /// Its currency.
    pub currency: Currency,
}

/// A tenant as its owner and the operator see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    /// Its identifier.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether it may call and buy.
    pub status: TenantStatus,
    /// Its endpoint, `https://…`.
    pub endpoint: String,
    /// Its SIP domain: the realm of its phones.
    pub sip_domain: String,
    /// How much at once.
    pub limits: Limits,
    /// What it pays.
    pub plan: PlanRef,
    /// Its balance.
    pub balance: Money,
    /// Balance and credit limit without what is held.
    pub available: Money,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
}

/// What the operator changes about a tenant; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TenantPatch {
    /// `active` or `suspended`.
    pub status: Option<TenantStatus>,
    /// Any of the limits.
    pub limits: Option<LimitsPatch>,
    /// A plan, by name or identifier.
    pub price_plan: Option<String>,
}

/// A change of limits; what is left out stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitsPatch {
    /// New calls per second, 1 to 10,000.
    pub calls_per_second: Option<u32>,
    /// Calls up at the same time, 1 to 100,000.
    pub max_calls: Option<u32>,
}

/// A bearer token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The JWT.
    pub token: String,
    /// Until when it works.
    pub expires_on: DateTime<Utc>,
}
