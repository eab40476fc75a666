//! The directory of the recordings of this node.

use super::{Budget, file_name, scope};
use crate::{App, Error, events, outbox};
use serde_json::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::Ordering::Relaxed,
};
use store::recordings;
use uuid::Uuid;

/// Files that are compared with their rows in one step.
const CHUNK: usize = 500;

/// What recordings take of the disk of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskView {
    /// Bytes that are taken.
    pub bytes: u64,
    /// Bytes that may be: `recordings.max_gib`.
    pub bytes_max: u64,
    /// Recordings that go on.
    pub live: u64,
}

/// What recordings take of the disk of this node, for what shows the node.
#[must_use]
pub fn disk(app: &App) -> DiskView {
    let state = app.recordings();
    let (bytes, bytes_max) = (state.budget.taken(), state.budget.bytes_max());
    DiskView { bytes, bytes_max, live: state.count() as u64 }
}

/// Makes the directory, for the owner of the process alone.
pub(super) fn make(directory: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(directory)
}

/// Bytes of the recordings that are there; 0 where the directory is not.
pub(super) fn taken(directory: &Path) -> u64 {
    files(directory).iter().filter_map(|(_, path)| Some(fs::metadata(path).ok()?.len())).sum()
}

/// The recordings that are there.
fn files(directory: &Path) -> Vec<(Uuid, PathBuf)> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let named = |entry: fs::DirEntry| {
        let id: Uuid = entry.path().file_stem()?.to_str()?.parse().ok()?;
        (entry.file_name().to_str()? == file_name(id)).then(|| (id, entry.path()))
    };
    entries.filter_map(Result::ok).filter_map(named).collect()
}

/// Removes a file, and gives back what it took. Whether it is gone.
pub(super) fn remove(path: &Path, budget: &Budget) -> bool {
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    match fs::remove_file(path) {
        Ok(()) => {
            budget.give_back(bytes);
            true
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "the file of a recording cannot be removed");
            false
        }
    }
}

/// Removes files whose recordings were deleted or are not known. For the start, before anything is recorded.
pub(super) async fn sweep(app: &App, directory: &Path) -> Result<(), Error> {
    let found = files(directory);
    for chunk in found.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|(id, _)| *id).collect();
        let present = recordings::present(app.db().read(), &scope(), &ids).await?;
        for (id, path) in chunk.iter().filter(|(id, _)| !present.contains(id)) {
            tracing::info!(recording = %id, "removing the file of a recording that is not there any more");
            remove(path, &app.recordings().budget);
        }
    }
    Ok(())
}

/// Tells the operator that there is no room for recordings any more, once until there is again.
pub(super) async fn tell_full(app: &App) {
    let state = app.recordings();
    if !state.became_full() {
        return;
    }
    tracing::warn!("recordings take as much of the disk as they may: raise recordings.max_gib, or they fail");
    let data = json!({
        "node": app.settings().node, "bytes": state.budget.taken(), "bytesMax": state.budget.bytes_max(),
        "explanation": "Recordings take as much of the disk as they may: raise recordings.max_gib, or further ones fail.",
    });
    let message = outbox::message(None, events::RECORDINGS_FULL, data, app.now());
    let told = app
        .db()
        .write::<_, Error, _>(async |tx| Ok(store::outbox::insert(tx, &scope(), message.clone()).await?))
        .await;
    if let Err(error) = told {
        tracing::error!(%error, "the operator could not be told that recordings have no room");
        state.is_full.store(false, Relaxed);
    }
}

/// Notes whether there is room again.
pub(super) fn look(app: &App) {
    let state = app.recordings();
    if state.budget.has_room() {
        state.is_full.store(false, Relaxed);
    }
}
