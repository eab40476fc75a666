//! The files that the operator uploads: read, checked, kept as what is played.

use super::{
    TONES, built_in,
    settings::{AudioFile, Kept, View, cause_of, check_language, edit},
};
use crate::{App, Error};
use domain::access::{Actor, Permission};
use media::{clip::SAMPLE_RATE, g711::Law, wav};

/// Bytes of a file at most: half a minute of stereo at 48 kHz is 5.8 MB, of mono at 16 kHz under one.
pub const AUDIO_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Seconds of a file at most.
pub const AUDIO_SECONDS_MAX: u32 = 30;
/// Files at most: kept as G.711 they are some ten megabytes together.
pub const FILES_MAX: usize = 40;

/// Keeps a WAV file as what is heard of a cause in a language, in the place of the one that was there. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::Invalid`] that says what is wrong with the file.
pub async fn upload(
    app: &App,
    actor: &Actor,
    cause: &str,
    language: &str,
    file: &[u8],
) -> Result<View, Error> {
    actor.scope(Permission::Operate)?;
    let cause = cause_of(cause)?;
    check_language("language", language)?;
    if file.len() > AUDIO_BYTES_MAX {
        return Err(Error::invalid("file", "the file is larger than 6 MiB: export it as mono".to_owned()));
    }
    let samples =
        wav::read(file, AUDIO_SECONDS_MAX).map_err(|why| Error::invalid("file", why.to_string()))?;
    let mut bytes = Vec::with_capacity(samples.len());
    Law::Mu.encode_into(&samples, &mut bytes);
    let new = AudioFile {
        cause,
        language: language.to_owned(),
        millis: (samples.len() as u64 * 1000 / u64::from(SAMPLE_RATE)) as u32,
        uploaded_at: app.now(),
    };
    edit(app, actor, "announcements.upload", async |tx, scope, mut kept| {
        kept.files.retain(|known| known.cause != cause || known.language != language);
        kept.files.push(new.clone());
        store::platform::put_value(tx, scope, &new.name(), bytes.clone()).await?;
        Ok(kept)
    })
    .await
}

/// Deletes a file. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, cause: &str, language: &str) -> Result<View, Error> {
    actor.scope(Permission::Operate)?;
    let cause = cause_of(cause)?;
    edit(app, actor, "announcements.delete", async |tx, scope, mut kept| {
        let file = kept.file(cause, language).cloned().ok_or_else(gone)?;
        kept.files.retain(|known| *known != file);
        store::platform::drop_value(tx, scope, &file.name()).await?;
        Ok(kept)
    })
    .await
}

/// A file as WAV, as it is heard; the language [`TONES`] is what is heard without one. Operators only.
///
/// # Errors
/// [`Error::Denied`], [`Error::NotFound`].
pub async fn audio(app: &App, actor: &Actor, cause: &str, language: &str) -> Result<Vec<u8>, Error> {
    let scope = actor.scope(Permission::Operate)?;
    let cause = cause_of(cause)?;
    let kept = Kept::read(app.db().read()).await?;
    if language == TONES {
        return Ok(wav::write(1, SAMPLE_RATE, &built_in::samples(cause, &kept.country)));
    }
    let file = kept.file(cause, language).ok_or_else(gone)?;
    let bytes = store::platform::value(app.db().read(), &scope, &file.name()).await?.ok_or_else(gone)?;
    let mut samples = Vec::with_capacity(bytes.len());
    Law::Mu.decode_into(&bytes, &mut samples);
    Ok(wav::write(1, SAMPLE_RATE, &samples))
}

fn gone() -> Error {
    Error::not_found("file", "there is no file of this cause in this language")
}
