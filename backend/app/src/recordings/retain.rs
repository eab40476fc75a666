//! Recordings are deleted: by hand, or when their time has come. The row says so first, then the file goes: what a crash leaves
//! between the two is a file that nobody can hear, and that the next start removes.

use super::{RecordingView, disk, no_recording, recover, scope};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Actor, Permission, Scope},
    ids::TenantId,
};
use serde_json::Value;
use store::recordings::{self, Recording};
use uuid::Uuid;

/// Who deletes what has been kept for long enough, as the audit says it.
const ACTOR: &str = "dialtone:retention";
/// Recordings that one step deletes.
const BATCH: u64 = 100;
/// Steps of one run at most; the next run goes on.
const ROUNDS: usize = 50;

/// Deletes a recording of the actor's tenant that is over.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it goes on.
pub async fn delete(app: &App, actor: &Actor, id: Uuid) -> Result<(), Error> {
    let scope = actor.scope(Permission::ManageRecordings)?;
    let row = recordings::get(app.db().read(), &scope, id).await?;
    let row = row.filter(|row| row.deleted_at.is_none()).ok_or_else(no_recording)?;
    if RecordingView::of(row.clone())?.state.is_open() {
        return Err(Error::conflict("id", "the recording goes on: stop it first"));
    }
    if remove(app, &scope, &row, (&actor.name, app.now())).await? { Ok(()) } else { Err(no_recording()) }
}

/// Deletes the recordings whose time has come at `now`, and says how many; closes those that a lost node left open. For the jobs.
///
/// # Errors
/// [`Error::Internal`] where the database fails; the rest goes with the next run.
pub async fn retain(app: &App, now: DateTime<Utc>) -> Result<u64, Error> {
    recover::recover_lost(app).await?;
    let scope = scope();
    let mut deleted = 0;
    for _ in 0..ROUNDS {
        let due = recordings::expired(app.db().read(), &scope, now, BATCH).await?;
        for row in &due {
            deleted += u64::from(remove(app, &scope, row, (ACTOR, now)).await?);
        }
        if (due.len() as u64) < BATCH {
            break;
        }
    }
    disk::look(app);
    Ok(deleted)
}

/// Notes in the row that it is gone, and removes the file then. False where somebody else did.
async fn remove(
    app: &App,
    scope: &Scope,
    row: &Recording,
    (actor, now): (&str, DateTime<Utc>),
) -> Result<bool, Error> {
    let before = seen(&RecordingView::of(row.clone())?);
    let is_first = app
        .db()
        .write::<_, Error, _>(async |tx| {
            if !recordings::delete(tx, scope, row.id, now).await? {
                return Ok(false);
            }
            let change = Change {
                actor,
                tenant: Some(TenantId(row.tenant_id)),
                what: "recording.delete",
                target: &row.id.to_string(),
                before: before.clone(),
                after: Value::Null,
            };
            audit::record(app, tx, scope, change).await?;
            Ok(true)
        })
        .await?;
    if is_first && let Some(path) = app.recordings().path(row.id) {
        let budget = app.recordings().budget.clone();
        tokio::task::spawn_blocking(move || disk::remove(&path, &budget)).await.map_err(Error::internal)?;
        disk::look(app);
    }
    Ok(is_first)
}
