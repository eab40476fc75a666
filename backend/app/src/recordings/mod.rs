//! Recordings of calls: what both sides say, side by side, sealed on the disk and kept for as long as their tenant's policy says.
//!
//! A recording's way: [`begin`] (by hand), or the answer of a call whose decision says so, writes its row → a [`RecordingFile`]
//! is made, and the media relay told to record into it → [`pause`], [`resume`], [`stop`], or the end of the call → what became
//! of it is written by `ended`, until it is → [`audio`] reads it in any part → [`delete`], or [`retain`] when its time has come,
//! notes in the row that it is gone, and removes the file then. A file without a row that is there is removed at the next start.
//!
//! The file: a magic, the file's own key sealed by the [`Vault`], and chunks of a second of both sides in μ-law, each sealed
//! by that key with its number. The last one is marked, so that a file that was cut off is known as such. [`RecordingFile`]
//! writes it, and is a sink of the relay's recorder; [`Reader`] gives it back as a WAV file, in any part.

mod audio;
mod begin;
mod disk;
mod ended;
mod file;
mod list;
mod notice;
mod order;
mod policy;
mod read;
mod recover;
mod retain;
mod state;
mod view;

pub use audio::{Audio, audio};
pub use begin::begin;
pub use disk::{DiskView, disk};
pub use ended::written;
pub use file::{Budget, DISK_BYTES_MAX, Listener, RecordingFile};
pub use list::{RecordingFilter, get, list};
pub use order::{pause, resume, stop};
pub(crate) use policy::{TARGET as POLICY, policies};
pub use policy::{policy, put_policy};
pub use read::{Layout, ReadError, Reader};
pub use retain::{delete, retain};
pub(crate) use state::{State, answered, load};
pub use view::{NoticeGiven, RecordingState, RecordingView};

use crate::{Error, vault::Place};
use chacha20poly1305::XNonce;
use domain::{access::Scope, ids::TenantId};
use uuid::Uuid;

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

/// The name of a recording's file.
fn file_name(id: Uuid) -> String {
    format!("{id}.rec")
}

const fn scope() -> Scope {
    Scope::system("recordings of all tenants begin, end and expire by themselves")
}

fn tenant_of(scope: &Scope) -> Result<TenantId, Error> {
    scope.tenant().ok_or_else(|| Error::not_found("tenant", "there is no such tenant"))
}

fn no_recording() -> Error {
    Error::not_found("id", "there is no such recording")
}
