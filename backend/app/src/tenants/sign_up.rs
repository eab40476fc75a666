//! A newcomer signs up.

use super::{
    NewTenant, SignedUp,
    found::{Start, found},
};
use crate::{App, Error, SignupMode};

/// Makes a tenant with its owner, keys and account. While the sandbox is on, the address counts as verified and the
/// account starts with play credit.
///
/// # Errors
/// [`Error::Denied`] where sign-up is not open, [`Error::Invalid`] for a bad field, [`Error::Conflict`] where the
/// address is known.
pub async fn sign_up(app: &App, new: NewTenant) -> Result<SignedUp, Error> {
    let closed = match app.settings().signup {
        SignupMode::Open => None,
        SignupMode::Invite => {
            Some("sign-up here is by invitation: ask the operator to make a tenant for you")
        }
        SignupMode::Closed => Some("sign-up here is closed"),
    };
    if let Some(message) = closed {
        return Err(Error::Denied { message: message.to_owned() });
    }
    let actor = new.email.trim().to_lowercase();
    found(app, &new, Start { actor: &actor, verified: app.sandbox_on() }).await
}
