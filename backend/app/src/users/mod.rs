//! SIP users: phones that register with digest.

mod create;
mod delete;
mod list;
mod password;

pub use create::create;
pub use delete::delete;
pub use list::list;

use chrono::{DateTime, Utc};
use domain::ids::SipUserId;
use serde::{Deserialize, Serialize};

/// SIP users of a tenant at most.
pub const USERS_MAX: u64 = 10_000;

/// A user to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSipUser {
    /// 1 to 64 of lower-case letters, digits, `.`, `-`, `_`; capitals are lowered.
    pub username: String,
    /// For people, 100 characters at most.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// A user that was made: the only time its password is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedSipUser {
    /// Its name.
    pub username: String,
    /// The tenant's SIP domain, which is the realm.
    pub domain: String,
    /// What to type into the phone.
    pub password: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SipUserView {
    /// Its identifier.
    pub id: SipUserId,
    /// Its name.
    pub username: String,
    /// For people.
    pub display_name: Option<String>,
    /// The realm it was made for.
    pub domain: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
