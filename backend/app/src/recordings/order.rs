//! What is ordered of a recording that goes on.

use super::{RecordingView, no_recording};
use crate::{
    App, Error,
    audit::{self, Change, seen},
};
use domain::access::{Actor, Permission, Scope};
use edge::seam::Tape;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::recordings::{self, PAUSED, RECORDING};
use uuid::Uuid;

/// How long the end of a recording is waited for.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(25);

/// What is said from now on is silence in the recording.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], [`Error::Conflict`] where it is over, [`Error::Unavailable`] where another node makes it.
pub async fn pause(app: &App, actor: &Actor, id: Uuid) -> Result<RecordingView, Error> {
    let (scope, tape) = find(app, actor, id).await?;
    // At once: what is said while this is written down must not be heard.
    tape.pause(true);
    change(app, actor, &scope, id, ("recording.pause", PAUSED)).await
}

/// What is said from now on is heard again.
///
/// # Errors
/// As [`pause`].
pub async fn resume(app: &App, actor: &Actor, id: Uuid) -> Result<RecordingView, Error> {
    let (scope, tape) = find(app, actor, id).await?;
    let view = change(app, actor, &scope, id, ("recording.resume", RECORDING)).await?;
    tape.pause(false);
    Ok(view)
}

/// Ends a recording; its call goes on.
///
/// # Errors
/// As [`pause`].
pub async fn stop(app: &App, actor: &Actor, id: Uuid) -> Result<RecordingView, Error> {
    let (scope, tape) = find(app, actor, id).await?;
    tape.stop();
    let end = Instant::now() + END_WITHIN;
    while app.recordings().has(id) && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
    }
    let row = recordings::get(app.db().read(), &scope, id).await?.ok_or_else(no_recording)?;
    let view = RecordingView::of(row)?;
    let target = id.to_string();
    let change = Change {
        actor: &actor.name,
        tenant: Some(view.tenant),
        what: "recording.stop",
        target: &target,
        before: serde_json::Value::Null,
        after: seen(&view),
    };
    audit::note(app, &scope, change).await?;
    Ok(view)
}

/// A recording that goes on, and its tape.
async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<(Scope, Arc<dyn Tape>), Error> {
    let scope = actor.scope(Permission::ManageRecordings)?;
    let row = recordings::get(app.db().read(), &scope, id).await?.ok_or_else(no_recording)?;
    if !RecordingView::of(row)?.state.is_open() {
        return Err(over());
    }
    let tape = app.recordings().tape(id).ok_or(Error::Unavailable { retry_after: 1 })?;
    Ok((scope, tape))
}

fn over() -> Error {
    Error::conflict("id", "the recording is over: record the call anew, where that goes on")
}

async fn change(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    id: Uuid,
    (what, state): (&'static str, &'static str),
) -> Result<RecordingView, Error> {
    app.db()
        .write::<_, Error, _>(async |tx| {
            let before = recordings::get(tx, scope, id).await?.ok_or_else(no_recording)?;
            if !recordings::pause(tx, scope, id, state).await? {
                return Err(over());
            }
            let after = recordings::get(tx, scope, id).await?.ok_or_else(no_recording)?;
            let view = RecordingView::of(after)?;
            let change = Change {
                actor: &actor.name,
                tenant: Some(view.tenant),
                what,
                target: &id.to_string(),
                before: seen(&RecordingView::of(before)?),
                after: seen(&view),
            };
            audit::record(app, tx, scope, change).await?;
            Ok(view)
        })
        .await
}
