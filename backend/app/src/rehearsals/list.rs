//! Rehearsals are looked at, ended and deleted.

use super::{RehearsalView, changing, no_rehearsal, reading, target};
use crate::{
    App, Error, Page, PageRequest,
    audit::{self, Change},
};
use domain::access::{Actor, Scope};
use serde_json::Value;
use store::{
    Tx,
    rehearsals::{self, Rehearsal},
};
use uuid::Uuid;

/// The rehearsals of the actor's tenant, or the operator's; the newest first.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] for the page.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest) -> Result<Page<RehearsalView>, Error> {
    let scope = reading(actor)?;
    let rows = rehearsals::list(app.db().read(), &scope, page.key::<Uuid>()?, page.limit()).await?;
    let views = rows.into_iter().map(RehearsalView::of).collect::<Result<Vec<_>, _>>()?;
    Ok(page.cut(views, |view: &RehearsalView| view.id.to_string()))
}

/// One of them.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<RehearsalView, Error> {
    let scope = reading(actor)?;
    RehearsalView::of(find(app.db().read(), &scope, id).await?)
}

pub(super) async fn find<C: store::On>(on: &C, scope: &Scope, id: Uuid) -> Result<Rehearsal, Error> {
    rehearsals::get(on, scope, id).await?.ok_or_else(no_rehearsal)
}

/// Ends one that waits or is at work.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is over.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<RehearsalView, Error> {
    let scope = changing(actor)?;
    let row = app
        .db()
        .write::<_, Error, _>(async |tx| {
            let row = find(tx, &scope, id).await?;
            if row.state != rehearsals::QUEUED && row.state != rehearsals::RUNNING {
                return Err(Error::conflict("rehearsal", format!("it is {} already", row.state)));
            }
            let row = Rehearsal { state: rehearsals::CANCELLED.to_owned(), ended_at: Some(app.now()), ..row };
            rehearsals::update(tx, &scope, row.clone()).await?;
            note(app, tx, (&scope, actor), id, "rehearsal.cancel").await?;
            Ok(row)
        })
        .await?;
    RehearsalView::of(row)
}

/// Deletes one; what became of its draft stays in the audit.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where its draft waits for its time.
pub async fn delete(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = changing(actor)?;
    app.db()
        .write::<_, Error, _>(async |tx| {
            let row = find(tx, &scope, id).await?;
            if row.draft_state == rehearsals::SCHEDULED {
                return Err(Error::conflict("rehearsal", "its draft waits for its time: withdraw it first"));
            }
            rehearsals::delete(tx, &scope, id).await?;
            note(app, tx, (&scope, actor), id, "rehearsal.delete").await
        })
        .await
}

async fn note(
    app: &App,
    tx: &Tx,
    (scope, actor): (&Scope, &Actor),
    id: Uuid,
    what: &'static str,
) -> Result<(), Error> {
    let (before, after) = (Value::Null, Value::Null);
    let tenant = scope.tenant();
    let change = Change { actor: &actor.name, tenant, what, target: &target(id), before, after };
    audit::record(app, tx, scope, change).await
}
