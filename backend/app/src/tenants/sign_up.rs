//! A newcomer signs up.

use super::{
    NewTenant, SignedUp,
    found::{Start, found},
};
use crate::{App, Error, invitations};

/// Makes a tenant with its owner, keys and account. While the sandbox is on, the address counts as verified and the
/// account starts with play credit.
///
/// # Errors
/// [`Error::Denied`] where sign-up is closed, or by invitation and there is none; [`Error::Invalid`] for a bad field,
/// [`Error::Conflict`] where the address is known.
pub async fn sign_up(app: &App, new: NewTenant) -> Result<SignedUp, Error> {
    let invitation = invitations::admit(app, new.invitation.as_deref(), &new.email).await?;
    let actor = new.email.trim().to_lowercase();
    // Whoever has the link that was sent to an address reads its mail.
    let is_invited = invitation.as_ref().is_some_and(|invitation| invitation.email.is_some());
    let verified = app.sandbox_on() || is_invited;
    found(app, &new, Start { actor: &actor, verified, invitation: invitation.as_ref() }).await
}
