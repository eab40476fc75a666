//! The mails that the platform writes. Each goes into the outbox, in the transaction that causes it.

use crate::{
    App, Error,
    outbox::{MAIL, message},
    tenants::{Purpose, sign_token},
};
use domain::{access::Scope, ids::TenantId};
use store::{Tx, outbox::insert};
use uuid::Uuid;

/// Asks a newcomer to show that the address is theirs.
pub(crate) async fn verification(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    user: Uuid,
    email: &str,
) -> Result<(), Error> {
    let (token, _) = sign_token(app, user, Purpose::Verification, "")?;
    let link = format!("{}/verify?token={token}", app.settings().public_url);
    let text = format!(
        "Welcome to Dialtone.\n\nOpen this link to show that this address is yours:\n\n{link}\n\n\
         It works for seven days. If you did not sign up, do nothing.\n"
    );
    let payload = serde_json::json!({ "to": email, "subject": "Your Dialtone sign-up", "text": text });
    let row = message(Some(tenant.0), MAIL, payload, app.now());
    Ok(insert(tx, scope, row).await?)
}

/// Sends the link of an invitation.
pub(crate) async fn invitation(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    email: &str,
    link: &str,
    days: u32,
) -> Result<(), Error> {
    let text = format!(
        "You are invited to Dialtone at {}.\n\nOpen this link to sign up:\n\n{link}\n\n\
         It works once, for this address, within {days} days.\n",
        app.settings().public_url
    );
    let payload = serde_json::json!({ "to": email, "subject": "Your invitation to Dialtone", "text": text });
    Ok(insert(tx, scope, message(None, MAIL, payload, app.now())).await?)
}
