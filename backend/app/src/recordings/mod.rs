//! Recordings of calls at rest: encrypted files in the data directory, in chunks, readable up to where a crash broke them off.
//!
//! What is said comes from [`relay::Recorder`], a second at a time, and goes into a [`RecordingFile`], which is its sink.
//! [`Reader`] gives it back as a WAV file, in any part.

mod file;
mod read;

pub use file::{Budget, DISK_BYTES_MAX, Listener, RecordingFile};
pub use read::{Layout, ReadError, Reader};

use crate::vault::Place;
use chacha20poly1305::XNonce;

/// How a file begins.
const MAGIC: &[u8; 8] = b"DTREC\x001\n";
/// Bytes of a chunk before it is sealed: a second of both sides in μ-law, in turn, the caller first.
const CHUNK_BYTES: usize = 16_000;
/// What sealing adds to a chunk.
const TAG_BYTES: usize = 16;
/// Bytes of the key of a file.
const KEY_BYTES: usize = 32;
/// Where the chunks begin: after the magic and the sealed key, with its nonce and tag.
const HEAD_BYTES: usize = MAGIC.len() + 24 + KEY_BYTES + TAG_BYTES;

/// Whose the key of a file is.
const fn place<'a>(tenant: &'a str, id: &'a str) -> Place<'a> {
    Place { tenant, table: "recordings", column: "key", id }
}

/// The nonce of a chunk: each file has a key of its own, and each of its chunks a number of its own.
fn nonce(index: u64) -> XNonce {
    let mut bytes = [0; 24];
    bytes[16..].copy_from_slice(&index.to_be_bytes());
    XNonce::from(bytes)
}

/// What is authenticated with a chunk: its number, so that none is moved, and whether it is the last, so that none is cut off.
fn beside(index: u64, is_last: bool) -> [u8; 9] {
    let mut bytes = [0; 9];
    bytes[..8].copy_from_slice(&index.to_be_bytes());
    bytes[8] = u8::from(is_last);
    bytes
}
