//! Somebody comes with an invitation.

use super::{InvitationState, hashed, state};
use crate::{App, Error, SignupMode};
use domain::{access::Scope, ids::TenantId};
use store::{
    Tx,
    invitations::{self, Invitation},
};

/// Whether a newcomer may sign up, and what the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Welcome {
    /// They may; with an invitation for one address, that address.
    Open {
        /// The one address that may sign up.
        email: Option<String>,
    },
    /// They need an invitation; why the one they have is of no use, where they have one.
    NeedsInvitation {
        /// One sentence.
        why: Option<String>,
    },
    /// Nobody may.
    Closed,
}

/// Whether whoever comes with this invitation, or none, may sign up.
///
/// # Errors
/// [`Error::Internal`] where the database fails.
pub async fn look(app: &App, token: Option<&str>) -> Result<Welcome, Error> {
    if app.settings().signup == SignupMode::Closed {
        return Ok(Welcome::Closed);
    }
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(match app.settings().signup {
            SignupMode::Open => Welcome::Open { email: None },
            SignupMode::Invite | SignupMode::Closed => Welcome::NeedsInvitation { why: None },
        });
    };
    match find(app, token).await {
        Ok(invitation) => Ok(Welcome::Open { email: invitation.email }),
        Err(Error::Invalid { .. }) if app.settings().signup == SignupMode::Open => {
            Ok(Welcome::Open { email: None })
        }
        Err(Error::Invalid { message, .. }) => Ok(Welcome::NeedsInvitation { why: Some(message) }),
        Err(error) => Err(error),
    }
}

/// Lets a newcomer in, or says why not; the invitation is used up by [`take`].
///
/// # Errors
/// [`Error::Denied`] where nobody may sign up, or not without an invitation; [`Error::Invalid`] where the one that was
/// shown is of no use, or for another address.
pub(crate) async fn admit(app: &App, token: Option<&str>, email: &str) -> Result<Option<Invitation>, Error> {
    let denied = |message: &str| Err(Error::Denied { message: message.to_owned() });
    match (app.settings().signup, token) {
        (SignupMode::Closed, _) => denied("sign-up here is closed: ask the operator for an account"),
        (SignupMode::Invite, None) => denied(
            "sign-up here is by invitation: ask the operator for one, and send its token as invitation",
        ),
        (SignupMode::Open, None) => Ok(None),
        (SignupMode::Open | SignupMode::Invite, Some(token)) => {
            let found = find(app, token).await?;
            if found.email.as_ref().is_some_and(|invited| *invited != email.trim().to_lowercase()) {
                let message =
                    "the invitation is for another e-mail address: sign up with the one it was sent to";
                return Err(Error::invalid("email", message));
            }
            Ok(Some(found))
        }
    }
}

async fn find(app: &App, token: &str) -> Result<Invitation, Error> {
    let scope = Scope::system("whoever shows an invitation is in no scope yet");
    let found = invitations::by_hash(app.db().read(), &scope, &hashed(token)).await?;
    let no_use = |message: &str| Error::invalid("invitation", message);
    let found = found.ok_or_else(|| {
        no_use("there is no such invitation: check that the link was copied whole, or ask for another")
    })?;
    match state(&found, app.now()) {
        InvitationState::Open => Ok(found),
        InvitationState::Used => {
            Err(no_use("somebody has signed up with this invitation already: ask for another"))
        }
        InvitationState::Expired => Err(no_use("this invitation has expired: ask for another")),
    }
}

/// Uses an invitation up, in the transaction that founds the tenant: of two at once one wins.
pub(crate) async fn take(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    invitation: &Invitation,
    tenant: TenantId,
) -> Result<(), Error> {
    if invitations::take(tx, scope, invitation.id, tenant.0, app.now()).await? {
        return Ok(());
    }
    Err(Error::invalid("invitation", "somebody has signed up with this invitation already: ask for another"))
}
