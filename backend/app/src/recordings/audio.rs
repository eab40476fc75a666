//! Listening to a recording: any part of it, as a WAV file.

use super::{Layout, ReadError, Reader, RecordingView, no_recording};
use crate::{
    App, Error,
    audit::{self, Change},
};
use domain::access::{Actor, Permission};
use serde_json::{Value, json};
use store::recordings;
use uuid::Uuid;

/// A recording that is listened to.
#[derive(Debug)]
pub struct Audio {
    reader: Reader,
    layout: Layout,
}

impl Layout {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stereo => "both",
            Self::Mixed => "mixed",
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Stereo, Self::Mixed, Self::Caller, Self::Callee]
            .into_iter()
            .find(|layout| layout.word() == word)
    }
}

impl Audio {
    /// Bytes of the WAV file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.reader.wav_bytes(self.layout)
    }

    /// A part of the WAV file: from this byte on, so many, or as many as there are.
    ///
    /// # Errors
    /// [`Error::Internal`] where the file cannot be read or was changed.
    pub async fn part(mut self, from: u64, count: usize) -> Result<(Self, Vec<u8>), Error> {
        let read = tokio::task::spawn_blocking(move || {
            let part = self.reader.wav(self.layout, from, count)?;
            Ok::<_, ReadError>((self, part))
        });
        read.await.map_err(Error::internal)?.map_err(Error::internal)
    }
}

/// Opens a recording of the actor's tenant to listen to it, and writes down who does: of parts that follow one another once.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`], also where it was deleted or nothing of it was kept, [`Error::Conflict`] where it goes on.
pub async fn audio(app: &App, actor: &Actor, id: Uuid, layout: Layout) -> Result<Audio, Error> {
    let scope = actor.scope(Permission::ReadRecordings)?;
    let row = recordings::get(app.db().read(), &scope, id).await?.ok_or_else(no_recording)?;
    let view = RecordingView::of(row)?;
    if view.deleted_at.is_some() {
        return Err(Error::not_found("id", "the recording was deleted"));
    }
    if view.state.is_open() {
        let message = "the recording goes on: stop it, or listen when the call is over";
        return Err(Error::conflict("id", message));
    }
    let state = app.recordings();
    let nothing = || Error::not_found("id", "there is nothing to hear: nothing of it was kept");
    let path = state.path(id).filter(|_| view.bytes > 0).ok_or_else(nothing)?;
    let (vault, owner) = (app.vault().clone(), (view.tenant.to_string(), id.to_string()));
    let opened = tokio::task::spawn_blocking(move || Reader::open(&path, &vault, (&owner.0, &owner.1)));
    let reader = match opened.await.map_err(Error::internal)? {
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(nothing()),
        other => other.map_err(Error::internal)?,
    };
    if state.is_heard_anew(&actor.name, id, layout.word()) {
        let change = Change {
            actor: &actor.name,
            tenant: Some(view.tenant),
            what: "recording.listen",
            target: &id.to_string(),
            before: Value::Null,
            after: json!({ "call": view.call, "channel": layout.word() }),
        };
        audit::note(app, &scope, change).await?;
    }
    Ok(Audio { reader, layout })
}
