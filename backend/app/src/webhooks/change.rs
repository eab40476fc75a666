//! A tenant changes a subscription.

use super::{
    Draft, WebhookView,
    check::{self, check_url},
    create::{put, taken},
    find, prove, reload, tenant_of, view,
};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use uuid::Uuid;

/// Changes a subscription to what a draft says. Another address, or another schema, has to prove itself anew: until then
/// its events wait.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] for a field, [`Error::Conflict`] where the name is taken, [`Error::Denied`].
pub async fn change(app: &App, actor: &Actor, id: Uuid, draft: Draft) -> Result<WebhookView, Error> {
    let scope = actor.scope(Permission::ManageEvents)?;
    let tenant = tenant_of(&scope)?;
    check::check(&draft)?;
    let before = find(app.db().read(), &scope, id).await?;
    let is_moved = before.url != draft.url || before.schema != draft.schema.word();
    if is_moved {
        check_url(app, &draft.url).await?;
    }
    let now = app.now();
    let mut row = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let before = find(tx, &scope, id).await?;
            let mut row = put(before.clone(), &draft)?;
            row.updated_at = now;
            if is_moved {
                store::webhooks::UNPROVEN.clone_into(&mut row.validation);
                (row.validation_code, row.validation_until, row.allowed_per_minute) = (None, None, None);
            }
            store::webhooks::update(tx, &scope, row.clone()).await.map_err(taken)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(tenant),
                what: "webhook.update",
                target: &row.id.to_string(),
                before: view::audited(&before),
                after: view::audited(&row),
            };
            audit::record(app, tx, &scope, change).await?;
            Ok(row)
        })
        .await?;
    if is_moved {
        row = prove::ask(app, &scope, row).await?;
    }
    app.webhooks().forget(id);
    reload(app).await?;
    view::view(&row, app.now())
}
