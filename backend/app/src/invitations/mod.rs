//! Invitations to sign up: the operator makes them, each works once and for a time. While sign-up is by invitation
//! nobody comes in without one.

mod check;
mod create;
mod list;
mod withdraw;

pub use check::{Welcome, look};
pub(crate) use check::{admit, take};
pub use create::{CreatedInvitation, DAYS_DEFAULT, DAYS_MAX, NewInvitation, create};
pub use list::list;
pub use withdraw::withdraw;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::invitations::Invitation;
use uuid::Uuid;

/// Invitations that can still be used, at most.
pub const OPEN_MAX: u64 = 10_000;
/// Days for which one that has expired is still shown.
const SHOWN_DAYS: i64 = 90;

/// An invitation, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// Its identifier.
    pub id: Uuid,
    /// Whose address must sign up; anybody's where there is none.
    pub email: Option<String>,
    /// What the operator noted.
    pub note: String,
    /// Whether it can be used.
    pub state: InvitationState,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// When somebody signed up with it.
    pub used_at: Option<DateTime<Utc>>,
    /// The tenant that was made with it.
    pub tenant: Option<TenantId>,
}

/// Whether an invitation can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InvitationState {
    /// It can.
    Open,
    /// Somebody signed up with it.
    Used,
    /// Its time is over.
    Expired,
}

impl InvitationState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

fn view(row: Invitation, now: DateTime<Utc>) -> InvitationView {
    InvitationView {
        id: row.id,
        state: state(&row, now),
        email: row.email,
        note: row.note,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
        tenant: row.tenant_id.map(TenantId),
    }
}

fn state(row: &Invitation, now: DateTime<Utc>) -> InvitationState {
    match row.used_at {
        Some(_) => InvitationState::Used,
        None if row.expires_at <= now => InvitationState::Expired,
        None => InvitationState::Open,
    }
}

/// What is kept of a token.
fn hashed(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
