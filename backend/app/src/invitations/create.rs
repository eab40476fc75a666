//! The operator invites somebody.

use super::{InvitationView, OPEN_MAX, SHOWN_DAYS, hashed, view};
use crate::{
    App, Error,
    audit::{self, Change},
    mails,
    tenants::email_address,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use domain::access::{Actor, Permission};
use serde_json::Value;
use std::fmt;
use store::invitations::{self, Invitation};
use uuid::Uuid;

/// Days that an invitation works where it is not said.
pub const DAYS_DEFAULT: u32 = 14;
/// Days that an invitation works at most.
pub const DAYS_MAX: u32 = 90;
/// Bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Characters of a note at most.
const NOTE_MAX: usize = 200;

/// An invitation to make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewInvitation {
    /// Whose address must sign up, and gets the mail; anybody's where there is none.
    pub email: Option<String>,
    /// For the operator, 200 characters at most.
    pub note: String,
    /// Days that it works; [`DAYS_DEFAULT`] where it is not said.
    pub days: Option<u32>,
}

/// An invitation that was just made: the one time that its link is shown.
#[derive(Clone)]
pub struct CreatedInvitation {
    /// What may be said of it at any time.
    pub view: InvitationView,
    /// What `POST /api/v1/signup` wants as `invitation`.
    pub token: String,
    /// Where to sign up with it.
    pub link: String,
}

impl fmt::Debug for CreatedInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedInvitation").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Makes an invitation, and mails its link where there is an address. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for a field, [`Error::Conflict`] where too many wait.
pub async fn create(app: &App, actor: &Actor, new: &NewInvitation) -> Result<CreatedInvitation, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let email = new.email.as_deref().map(email_address).transpose()?;
    let days = new.days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Error::invalid("days", format!("let it work for 1 to {DAYS_MAX} days")));
    }
    let note = new.note.trim().to_owned();
    if note.chars().count() > NOTE_MAX || note.chars().any(char::is_control) {
        return Err(Error::invalid("note", format!("note at most {NOTE_MAX} characters, in one line")));
    }
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let link = format!("{}/signup?invitation={token}", app.settings().public_url);
    let now = app.now();
    let row = Invitation {
        id: Uuid::now_v7(),
        hash: hashed(&token),
        email,
        note,
        created_by: actor.name.clone(),
        created_at: now,
        expires_at: now + Duration::days(i64::from(days)),
        used_at: None,
        tenant_id: None,
    };
    let made = view(row.clone(), now);
    let target = made.email.clone().unwrap_or_else(|| made.id.to_string());
    app.db()
        .write::<_, Error, _>(async |tx| {
            invitations::sweep(tx, &scope, now - Duration::days(SHOWN_DAYS)).await?;
            if invitations::count_open(tx, &scope, now).await? >= OPEN_MAX {
                let message = format!("{OPEN_MAX} invitations are open already: take some back");
                return Err(Error::conflict("invitation", message));
            }
            invitations::insert(tx, &scope, row.clone()).await?;
            if let Some(email) = &made.email {
                mails::invitation(app, tx, &scope, email, &link, days).await?;
            }
            let change = Change {
                actor: &actor.name,
                tenant: None,
                what: "invitation.create",
                target: &target,
                before: Value::Null,
                after: audit::seen(&made),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    Ok(CreatedInvitation { view: made, token, link })
}
