//! The operator takes an entry of the ledger back. Nothing is edited: its opposite is written, once.

use super::EntryView;
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::{
    access::{Actor, Permission},
    ids::EntryId,
    ledger::EntryKind,
};
use serde_json::{Value, json};

/// Takes an entry back, and says why. What an invoice posted is taken back by a credit note, and a reversal stays.
/// Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Invalid`] for a reason that says nothing, [`Error::Conflict`] where
/// it was taken back before or cannot be.
pub async fn reverse(app: &App, actor: &Actor, id: EntryId, reason: &str) -> Result<EntryView, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > super::REASON_MAX {
        let message =
            format!("say why, in 1 to {} characters: it stands on the next invoice", super::REASON_MAX);
        return Err(Error::invalid("reason", message));
    }
    let missing = || Error::not_found("entry", "there is no such entry");
    let done = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let (tenant, entry) = store::ledger::find(tx, &scope, id).await?.ok_or_else(missing)?;
            if entry.kind == EntryKind::Reversal {
                return Err(Error::conflict("entry", "a reversal stays: post what is right anew"));
            }
            if entry.invoice.is_some() && entry.kind != EntryKind::TopUp {
                return Err(Error::conflict("entry", "an invoice posted this: make a credit note about it"));
            }
            let done = store::ledger::reverse(tx, &scope, id, reason, app.now()).await;
            let (_, done) = done.map_err(|error| match error {
                store::Error::Taken(_) => Error::conflict("entry", "this entry was taken back before"),
                other => other.into(),
            })?;
            let target = id.to_string();
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "ledger.reverse",
                target: &target,
                before: Value::Null,
                after: json!({ "entry": done.id, "amount": done.amount, "reason": reason }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(done)
        })
        .await?;
    Ok(EntryView { description: Some(reason.to_owned()), ..EntryView::from(done) })
}
