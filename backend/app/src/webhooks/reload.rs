//! Who wants what, taken over into memory.

use super::view::view;
use crate::{App, Error, events::Interests};
use domain::{access::Scope, events::Kinds, ids::TenantId};

/// Reads who wants what. At the start, what this node was delivering when it stopped is given back first.
pub(crate) async fn load(app: &App) -> Result<(), Error> {
    let scope = Scope::system("deliveries of all tenants go on after a stop");
    let (node, now) = (app.settings().node.as_str(), app.now());
    let left = app
        .db()
        .write::<_, Error, _>(async |tx| Ok(store::deliveries::release(tx, &scope, node, now).await?))
        .await?;
    if left > 0 {
        tracing::info!(left, "deliveries that were under way are tried again");
    }
    reload(app).await
}

/// Reads who wants what.
pub(crate) async fn reload(app: &App) -> Result<(), Error> {
    let scope = Scope::system("events of all tenants are told to whoever wants them");
    let mut interests = Interests::new();
    for row in store::webhooks::active(app.db().read(), &scope).await? {
        let seen = view(&row, app.now())?;
        let kinds = if seen.kinds.is_empty() { Kinds::ALL } else { seen.kinds.into_iter().collect() };
        let interest = interests.entry(TenantId(row.tenant_id)).or_default();
        interest.kinds = interest.kinds.or(kinds);
    }
    for (tenant, mark) in store::webhooks::marks(app.db().read(), &scope).await? {
        interests.entry(tenant).or_default().low_micros = Some(mark);
    }
    app.events().set(interests);
    app.events().ring();
    Ok(())
}
