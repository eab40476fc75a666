//! The users of tenants' apps, and the tokens with which their phones register and call.
//!
//! A token is a JWT (RS256) that says for itself whose it is, what it lets its bearer do and until when; beside it only
//! what was revoked is remembered, in memory, for as long as a token lasts. So the edge checks one without asking the
//! database. Start reading at [`issue`].

mod create;
mod delete;
mod issue;
mod keys;
mod list;
mod revoke;
mod ring;
mod state;
mod sweep;
mod token;
mod verify;

pub use create::create;
pub use delete::delete;
pub use issue::issue;
pub use keys::{SigningKeyView, jwks, keys, rotate};
pub use list::list;
pub use revoke::revoke;
pub(crate) use ring::load;
pub(crate) use state::State;
pub use sweep::sweep;
pub use verify::{Bearer, actor_by_identity_token, verify};

use crate::Error;
use chrono::{DateTime, Utc};
use domain::{
    access::Scope,
    identity::{AppUser, TokenScope},
    ids::TenantId,
};

/// The shortest life of a token, minutes.
pub const TOKEN_MINUTES_MIN: u32 = 60;
/// The longest life of a token, and that of one whose life is not said, minutes.
pub const TOKEN_MINUTES_MAX: u32 = 1_440;
/// Days after which a new key signs.
const KEY_DAYS: i64 = 90;

/// A token to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it lets its bearer do; at least one.
    pub scopes: Vec<TokenScope>,
    /// How long it lasts, minutes; [`TOKEN_MINUTES_MAX`] where it is not said.
    pub minutes: Option<u32>,
}

/// A token that was issued.
#[derive(Clone)]
pub struct UserToken {
    /// The JWT.
    pub token: String,
    /// Until when.
    pub expires_on: DateTime<Utc>,
}

/// A user of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityView {
    /// Its name.
    pub user: AppUser,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its tokens were last revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The user of a name, where it is one of the scope's tenant. A name of another tenant is as unknown as any.
fn own(scope: &Scope, name: &str) -> Result<AppUser, Error> {
    let user: AppUser = name
        .parse()
        .map_err(|error: domain::identity::NoAppUser| Error::invalid("id", format!("{error}")))?;
    if scope.covers(user.tenant) { Ok(user) } else { Err(no_user()) }
}

fn tenant_of(scope: &Scope) -> Result<TenantId, Error> {
    scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))
}

fn no_user() -> Error {
    Error::not_found("id", "there is no such user: it was never made here, or was deleted")
}
