//! What decks say, as the database keeps it: packed, compressed, under the hash of its content.

use crate::{App, Error};
use domain::{
    access::Scope,
    config::Decks,
    deck::{Deck, pack, unpack},
};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use sha2::{Digest, Sha256};
use std::{
    collections::hash_map::Entry,
    io::{Read, Write},
    sync::Arc,
};
use store::prices;

/// Bytes of a packed deck at most: a million rows take less than a fourth of it.
const PACKED_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Larger ones of these gain little and take long.
const LEVEL: u32 = 3;

/// A deck ready to be kept.
pub(super) struct Packed {
    pub(super) hash: String,
    pub(super) body: Vec<u8>,
}

/// Packs a deck. It takes a while for a large one: not on a thread that others wait for.
pub(super) fn packed(deck: &Deck) -> Result<Packed, Error> {
    let bytes = pack(deck);
    let hash = hex::encode(Sha256::digest(&bytes));
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(LEVEL));
    encoder.write_all(&bytes).map_err(Error::internal)?;
    Ok(Packed { hash, body: encoder.finish().map_err(Error::internal)? })
}

fn opened(body: &[u8]) -> Result<Deck, Error> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(body).take(PACKED_MAX_BYTES).read_to_end(&mut bytes).map_err(Error::internal)?;
    unpack(&bytes).map_err(Error::internal)
}

/// A deck by the hash of what it says: the one in memory where calls go by it, else out of the database.
///
/// # Errors
/// [`Error::Internal`] where it is kept no more, or the database fails.
pub(crate) async fn deck(app: &App, scope: &Scope, hash: &str) -> Result<Arc<Deck>, Error> {
    if let Some(deck) = app.live().config.platform.deck(hash) {
        return Ok(Arc::clone(deck));
    }
    let body = prices::deck_body(app.db().read(), scope, hash).await?;
    let body = body.ok_or_else(|| Error::internal(format!("rate deck {hash} is not kept any more")))?;
    let deck = tokio::task::spawn_blocking(move || opened(&body)).await.map_err(Error::internal)??;
    Ok(Arc::new(deck))
}

/// Decks by their hashes.
///
/// # Errors
/// As [`deck`].
pub(crate) async fn decks(
    app: &App,
    scope: &Scope,
    hashes: impl IntoIterator<Item = String>,
) -> Result<Decks, Error> {
    let mut decks = Decks::new();
    for hash in hashes.into_iter().filter(|hash| !hash.is_empty()) {
        if let Entry::Vacant(place) = decks.entry(hash) {
            let found = deck(app, scope, place.key()).await?;
            place.insert(found);
        }
    }
    Ok(decks)
}
