//! Recordings that are over are written down, until they are.

use super::{RecordingView, disk, file, scope};
use crate::{
    App, Error, Inner,
    audit::{self, Change, seen},
    events,
};
use domain::{events::EventKind, ids::TenantId};
use relay::Ending;
use std::{
    sync::Weak,
    time::{Duration, Instant},
};
use store::recordings::{self, Closing, FAILED, READY};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Who writes what ended by itself, as the audit says it.
const ACTOR: &str = "dialtone:recordings";
/// The pause after the database failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether all is written.
const LOOK: Duration = Duration::from_millis(25);
/// Characters of a reason that are kept.
const FAILURE_MAX: usize = 500;

/// A recording that is over, as the relay says it.
#[derive(Debug)]
pub(crate) struct Over {
    pub(super) id: Uuid,
    pub(super) ending: Ending,
}

/// Where they come from.
pub(super) type OverReceiver = mpsc::Receiver<Over>;

/// Writes down each recording that is over.
pub(super) async fn serve(app: Weak<Inner>, mut ends: OverReceiver) {
    while let Some(over) = ends.recv().await {
        loop {
            let Some(app) = app.upgrade().map(App) else { return };
            match close(&app, &over).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(recording = %over.id, %error, "the end of a recording is not written yet");
                    drop(app);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Closes a recording: what is known of it goes into its row, and its tenant is told.
pub(super) async fn close(app: &App, over: &Over) -> Result<(), Error> {
    let state = app.recordings();
    let failed = &over.ending.failed;
    let bytes =
        state.path(over.id).and_then(|path| std::fs::metadata(path).ok()).map_or(0, |file| file.len());
    let millis = over.ending.lasted.as_millis();
    let closing = Closing {
        state: if failed.is_some() { FAILED } else { READY },
        ended_at: app.now(),
        duration_ms: i64::try_from(millis).unwrap_or(i64::MAX),
        bytes: bytes.cast_signed(),
        lost: over.ending.lost.cast_signed(),
        unreadable: over.ending.unreadable.cast_signed(),
        failure: failed.as_ref().map(|why| why.chars().take(FAILURE_MAX).collect()),
    };
    write(app, over.id, closing).await?;
    state.forget(over.id);
    if failed.as_deref() == Some(file::FULL) {
        disk::tell_full(app).await;
    }
    Ok(())
}

/// Closes a row that is open, with its event and its line in the audit.
pub(super) async fn write(app: &App, id: Uuid, closing: Closing) -> Result<(), Error> {
    let scope = scope();
    app.db()
        .write::<_, Error, _>(async |tx| {
            let Some(before) = recordings::get(tx, &scope, id).await? else { return Ok(()) };
            if !recordings::close(tx, &scope, id, closing.clone()).await? {
                return Ok(());
            }
            let after = recordings::get(tx, &scope, id).await?.ok_or_else(super::no_recording)?;
            let (tenant, view) = (TenantId(after.tenant_id), RecordingView::of(after)?);
            let kind =
                if closing.state == READY { EventKind::RecordingReady } else { EventKind::RecordingFailed };
            events::raise(app, tx, &scope, tenant, kind, view.told()).await?;
            let change = Change {
                actor: ACTOR,
                tenant: Some(tenant),
                what: "recording.end",
                target: &id.to_string(),
                before: seen(&RecordingView::of(before)?),
                after: seen(&view),
            };
            audit::record(app, tx, &scope, change).await
        })
        .await
}

/// Waits until each recording that ended is written down, but no longer than this.
pub async fn written(app: &App, patience: Duration) {
    let end = Instant::now() + patience;
    while app.recordings().count() > 0 && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
    }
}
