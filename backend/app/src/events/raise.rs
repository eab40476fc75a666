//! An event is written down.

use crate::{App, outbox};
use domain::{access::Scope, events::EventKind, ids::TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Error, Tx, outbox::KEPT};

/// What the outbox keeps of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// What it is about.
    pub(crate) subject: String,
    /// What happened.
    pub(crate) data: Value,
}

/// The payload of an event in the outbox.
pub(crate) fn message(subject: String, data: Value) -> Value {
    serde_json::to_value(Message { subject, data }).unwrap_or_default()
}

/// Writes an event of a tenant down, in the transaction that makes it true. Where nobody wants to hear it, it is kept for
/// the operator.
///
/// # Errors
/// [`Error`] where the scope does not see the tenant, or the database fails.
pub(crate) async fn raise(
    app: &App,
    tx: &Tx,
    scope: &Scope,
    tenant: TenantId,
    kind: EventKind,
    (subject, data): (String, Value),
) -> Result<(), Error> {
    let mut row = outbox::message(Some(tenant.0), kind.word(), message(subject, data), app.now());
    if app.events().wants(tenant, kind) {
        app.events().ring();
    } else {
        row.state = KEPT.to_owned();
    }
    store::outbox::insert(tx, scope, row).await
}
