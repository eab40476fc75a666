//! The mails that the platform writes. Each goes into the outbox, in the transaction that causes it.

use crate::{
    App, Error,
    outbox::{MAIL, message},
    tenants::{Purpose, sign_token},
};
use domain::{access::Scope, ids::TenantId, money::Money};
use store::{Tx, invoices::Invoice, outbox::insert};
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

/// Sends an invoice or a credit note, with its pages.
pub(crate) async fn invoice(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    email: &str,
    (title, total, due): (&str, Money, Option<&str>),
) -> Result<(), Error> {
    let due = due.map_or_else(
        || "Nothing is to be paid.".to_owned(),
        |day| format!("It is to be paid by {day}: top up the balance."),
    );
    let text = format!(
        "{title} comes to {total}. {due}\n\nIt is attached, and stands at {}/app/invoices/{}\n",
        app.settings().public_url,
        row.id
    );
    let subject = format!("Dialtone {title}: {total}");
    with_invoice(app, tx, scope, row, (email, subject, text)).await
}

/// Reminds of an invoice that is not paid.
pub(crate) async fn reminder(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    email: &str,
    (title, open, step): (&str, Money, i32),
) -> Result<(), Error> {
    let text = format!(
        "{open} of {title} are not paid yet. Top up the balance with it; what was paid meanwhile is not counted \
         here.\n\nThe invoice is attached, and stands at {}/app/invoices/{}\n",
        app.settings().public_url,
        row.id
    );
    let subject = format!("Reminder {step} of Dialtone {title}: {open} to be paid");
    with_invoice(app, tx, scope, row, (email, subject, text)).await
}

/// A mail with an invoice, whose pages are made when it leaves: what an issued document says stays.
async fn with_invoice(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    row: &Invoice,
    (email, subject, text): (&str, String, String),
) -> Result<(), Error> {
    let payload = serde_json::json!({ "to": email, "subject": subject, "text": text, "invoice": row.id });
    Ok(insert(tx, scope, message(Some(row.tenant_id), MAIL, payload, app.now())).await?)
}

/// Tells somebody of a tenant something, in plain words.
pub(crate) async fn plain(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    email: &str,
    (subject, text): (&str, &str),
) -> Result<(), Error> {
    let payload = serde_json::json!({ "to": email, "subject": subject, "text": text });
    Ok(insert(tx, scope, message(Some(tenant.0), MAIL, payload, app.now())).await?)
}
