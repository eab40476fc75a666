//! A tenant subscribes to events.

use super::{
    Created, Draft, WEBHOOKS_MAX,
    check::{self, check_url},
    prove, reload, secret, tenant_of, view,
};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::{Value, json};
use store::webhooks::{UNPROVEN, Webhook};
use uuid::Uuid;

/// Makes a subscription, and asks its endpoint whether it wants events. Where it does not say so at once, its owner has
/// some minutes to open the address that the endpoint was sent.
///
/// # Errors
/// [`Error::Invalid`] for a field, an address that is not asked among them, [`Error::Conflict`] where the name is taken or
/// the tenant has [`WEBHOOKS_MAX`], [`Error::Denied`].
pub async fn create(app: &App, actor: &Actor, draft: Draft) -> Result<Created, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    check::check(&draft)?;
    check_url(app, &draft.url).await?;
    let id = Uuid::now_v7();
    let (sealed, shown) = secret::fresh(app, tenant.0, id);
    let row = Webhook { secret: sealed, ..row(app, tenant.0, id, &draft)? };
    app.db()
        .write::<_, Error, _>(async |tx| {
            if store::webhooks::count(tx, &scope).await? >= WEBHOOKS_MAX {
                let message = format!("a tenant has {WEBHOOKS_MAX} webhooks at most: delete one first");
                return Err(Error::conflict("name", message));
            }
            store::webhooks::insert(tx, &scope, row.clone()).await.map_err(taken)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.create",
                target: &row.id.to_string(),
                before: Value::Null,
                after: view::audited(&row),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await?;
    let row = prove::ask(app, &scope, row).await?;
    reload(app).await?;
    Ok(Created { webhook: view::view(&row, app.now())?, secret: shown })
}

/// The row of a draft, whose endpoint has proved nothing yet.
fn row(app: &App, tenant_id: Uuid, id: Uuid, draft: &Draft) -> Result<Webhook, Error> {
    let now = app.now();
    let row = Webhook {
        id,
        tenant_id,
        name: String::new(),
        url: String::new(),
        schema: String::new(),
        event_types: json!([]),
        subject_begins_with: String::new(),
        subject_ends_with: String::new(),
        enabled: true,
        max_attempts: 0,
        life_minutes: 0,
        secret: Vec::new(),
        previous_secret: None,
        previous_until: None,
        validation: UNPROVEN.to_owned(),
        validation_code: None,
        validation_until: None,
        validation_error: None,
        allowed_per_minute: None,
        dropped: 0,
        created_at: now,
        updated_at: now,
    };
    put(row, draft)
}

/// A row that says what a draft says.
pub(super) fn put(row: Webhook, draft: &Draft) -> Result<Webhook, Error> {
    let types: Vec<_> = check::kinds(&draft.event_types)?.into_iter().map(|kind| kind.type_name()).collect();
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(Webhook {
        name: draft.name.clone(),
        url: draft.url.clone(),
        schema: draft.schema.word().to_owned(),
        event_types: json!(types),
        subject_begins_with: draft.subject_begins_with.clone(),
        subject_ends_with: draft.subject_ends_with.clone(),
        enabled: draft.enabled,
        max_attempts: whole(draft.max_attempts),
        life_minutes: whole(draft.life_minutes),
        ..row
    })
}

/// Two subscriptions of a tenant have different names.
pub(super) fn taken(error: store::Error) -> Error {
    match error {
        store::Error::Taken(_) => Error::conflict("name", "there is a webhook of this name: choose another"),
        other => other.into(),
    }
}
