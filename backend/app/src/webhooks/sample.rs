//! An event that did not happen, to try an endpoint with.

use super::{DeliveryView, ValidationState, fan_out, find, log, tenant_of, view::view};
use crate::{
    App, Error,
    audit::{self, Change},
    events, outbox,
};
use domain::{
    access::{Actor, Permission, Scope},
    events::EventKind,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// What the subject of a sample is.
const SUBJECT: &str = "sample";

/// Sends a sample of a type, whether the subscription wants that type or not. Its subject is `sample`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Denied`], [`Error::Conflict`] where the endpoint has not proved that it wants events, or the
/// subscription is switched off.
pub async fn sample(app: &App, actor: &Actor, webhook: Uuid, kind: EventKind) -> Result<DeliveryView, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    let now = app.now();
    let said = events::message(SUBJECT.to_owned(), kind.sample());
    let event = outbox::message(Some(tenant.0), kind.word(), said, now);
    let row = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let owner = find(tx, &scope, webhook).await?;
            if view(&owner, now)?.validation.state != ValidationState::Valid || !owner.enabled {
                let message =
                    "nothing is sent there: have the endpoint validated, and the webhook switched on";
                return Err(Error::conflict("validation", message));
            }
            let row = fan_out::delivery(&owner, &event, now);
            let system = Scope::system("a sample is a delivery like any other");
            store::deliveries::insert(tx, &system, vec![row.clone()]).await?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.test",
                target: &owner.id.to_string(),
                before: Value::Null,
                after: json!({ "name": owner.name, "eventType": kind.type_name(), "delivery": row.id }),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(row)
        })
        .await?;
    app.webhooks().forget(webhook);
    app.events().ring();
    Ok(log::view(&row))
}
