//! After a crash: recordings of this node that their rows say go on are closed from what their files hold.

use super::{ReadError, Reader, ended, scope};
use crate::{App, Error};
use chrono::TimeDelta;
use std::io;
use store::recordings::{self, Closing, FAILED, READY, Recording};

/// Rows that are looked at in one step.
const CHUNK: u64 = 100;

/// A node whose last heartbeat is older than this is held to be gone.
const LOST_AFTER: TimeDelta = TimeDelta::seconds(60);

/// Closes those of this node, before anything is recorded.
pub(super) async fn recover(app: &App) -> Result<(), Error> {
    close_all(app, &app.settings().node).await
}

/// Closes those of nodes that have not been heard of for a minute.
pub(super) async fn recover_lost(app: &App) -> Result<(), Error> {
    let silent = store::heartbeat::silent_since(app.db().read(), &scope(), app.now() - LOST_AFTER).await?;
    for (node, _) in silent.into_iter().filter(|(node, _)| *node != app.settings().node) {
        close_all(app, &node).await?;
    }
    Ok(())
}

async fn close_all(app: &App, node: &str) -> Result<(), Error> {
    let scope = scope();
    let mut after = None;
    loop {
        let open = recordings::open_on(app.db().read(), &scope, node, after, CHUNK).await?;
        let Some(last) = open.last() else { return Ok(()) };
        after = Some(last.id);
        tracing::info!(recordings = open.len(), "closing the recordings that a stopped node left open");
        for row in open {
            ended::write(app, row.id, closing(app, &row)).await?;
        }
    }
}

/// How a recording is closed of which no more is known than its file.
fn closing(app: &App, row: &Recording) -> Closing {
    let path = app.recordings().path(row.id).unwrap_or_default();
    let owner = (row.tenant_id.to_string(), row.id.to_string());
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    let read = Reader::open(&path, app.vault(), (&owner.0, &owner.1));
    let millis = |reader: &Reader| i64::try_from(reader.samples() / 8).unwrap_or(i64::MAX);
    let (duration_ms, failure) = match &read {
        Ok(reader) if reader.is_whole() => (millis(reader), None),
        Ok(reader) => {
            let why = "the platform stopped while the call was recorded: it can be heard up to then";
            (millis(reader), Some(why.to_owned()))
        }
        Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            (0, Some("the platform stopped before anything was recorded".to_owned()))
        }
        Err(error) => (0, Some(format!("the platform stopped while the call was recorded, and {error}"))),
    };
    Closing {
        state: if failure.is_none() { READY } else { FAILED },
        ended_at: row.started_at + TimeDelta::milliseconds(duration_ms),
        duration_ms,
        bytes: bytes.cast_signed(),
        lost: 0,
        unreadable: 0,
        failure,
    }
}
