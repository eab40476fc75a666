//! Writing a recording: one chunk after the other, sealed before it touches the disk.

use super::{CHUNK_BYTES, HEAD_BYTES, KEY_BYTES, MAGIC, TAG_BYTES, beside, nonce, place};
use crate::Vault;
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use media::g711::Law;
use relay::{Ending, Sink};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use zeroize::Zeroizing;

/// Bytes that the recordings of a node take at most, where nothing else is set: some 350 hours.
pub const DISK_BYTES_MAX: u64 = 20 * 1024 * 1024 * 1024;

/// What is said where that is reached.
pub(super) const FULL: &str = "recordings take as much of the disk as they may";

/// How much of the disk recordings may take, shared by all that are written. Clones are the same budget.
#[derive(Debug, Clone)]
pub struct Budget(Arc<(u64, AtomicU64)>);

impl Budget {
    /// So many bytes at most, of which so many are taken already.
    #[must_use]
    pub fn new(bytes_max: u64, taken: u64) -> Self {
        Self(Arc::new((bytes_max, AtomicU64::new(taken))))
    }

    /// Bytes that are taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.0.1.load(Relaxed)
    }

    /// Gives bytes back that are not on the disk any more.
    pub fn give_back(&self, bytes: u64) {
        let _ = self.0.1.fetch_update(Relaxed, Relaxed, |taken| Some(taken.saturating_sub(bytes)));
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let fits = |taken: u64| Some(taken + bytes).filter(|sum| *sum <= self.0.0);
        let taken = self.0.1.fetch_update(Relaxed, Relaxed, fits);
        taken.map(|_| ()).map_err(|_| io::Error::new(io::ErrorKind::StorageFull, FULL))
    }

    /// Whether a second more would find room.
    pub(super) fn has_room(&self) -> bool {
        self.taken() + (CHUNK_BYTES + HEAD_BYTES + 2 * TAG_BYTES) as u64 <= self.0.0
    }

    /// Bytes that recordings take at most.
    pub(super) fn bytes_max(&self) -> u64 {
        self.0.0
    }
}

/// Who is told that a recording is over, on the recorder's thread: it must not block.
pub type Listener = Box<dyn FnOnce(Ending) + Send>;

/// A recording that is written: the sink of a [`relay::Recorder`].
pub struct RecordingFile {
    file: File,
    cipher: XChaCha20Poly1305,
    budget: Budget,
    pending: Vec<u8>,
    index: u64,
    listener: Option<Listener>,
}

impl fmt::Debug for RecordingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingFile({} chunks)", self.index)
    }
}

impl RecordingFile {
    /// Begins a file, which must not be there yet, for a recording of a tenant. Its key stands in it, sealed by the vault.
    ///
    /// # Errors
    /// Where the file can't be made, or the disk has no room for it.
    pub fn create(
        path: &Path,
        vault: &Vault,
        (tenant, id): (&str, &str),
        budget: Budget,
        listener: Listener,
    ) -> io::Result<Self> {
        budget.take(HEAD_BYTES as u64)?;
        let made = Self::begin(path, vault, (tenant, id), &budget, listener);
        if made.is_err() {
            budget.give_back(HEAD_BYTES as u64);
        }
        // What is left of it is nothing to keep; a file that was there before is another recording's.
        if made.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
            let _ = std::fs::remove_file(path);
        }
        made
    }

    fn begin(
        path: &Path,
        vault: &Vault,
        (tenant, id): (&str, &str),
        budget: &Budget,
        listener: Listener,
    ) -> io::Result<Self> {
        let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(rand::random());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(MAGIC)?;
        file.write_all(&vault.seal(place(tenant, id), &*key))?;
        let cipher = XChaCha20Poly1305::new((&*key).into());
        let pending = Vec::with_capacity(CHUNK_BYTES * 2);
        let budget = budget.clone();
        Ok(Self { file, cipher, budget, pending, index: 0, listener: Some(listener) })
    }

    fn seal(&mut self, count: usize, is_last: bool) -> io::Result<()> {
        let plain = Zeroizing::new(self.pending.drain(..count).collect::<Vec<u8>>());
        let payload = Payload { msg: &plain, aad: &beside(self.index, is_last) };
        let sealed = self.cipher.encrypt(&nonce(self.index), payload);
        let sealed = sealed.map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        self.budget.take((count + TAG_BYTES) as u64)?;
        // One write a chunk: a crash leaves whole ones before the last.
        self.file.write_all(&sealed)?;
        self.index += 1;
        Ok(())
    }
}

impl Sink for RecordingFile {
    fn write(&mut self, stereo: &[i16]) -> io::Result<()> {
        Law::Mu.encode_into(stereo, &mut self.pending);
        while self.pending.len() >= CHUNK_BYTES {
            self.seal(CHUNK_BYTES, false)?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, mut ending: Ending) {
        let count = self.pending.len();
        let sealed = self.seal(count, true).and_then(|()| self.file.sync_all());
        if let Err(error) = sealed {
            ending.failed.get_or_insert_with(|| error.to_string());
        }
        if let Some(listener) = self.listener.take() {
            listener(ending);
        }
    }
}
